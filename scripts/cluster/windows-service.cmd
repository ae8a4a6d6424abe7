:: Makes a program a service of Windows that starts with the machine, and starts it as soon as there is what it needs.
:: Of one that is there already, and ours by its arguments, the program is exchanged if it is another one, as after a run that
:: failed; but not under a swap, which has it already. Else it only makes sure that it runs.
::   SERVICE_NAME  SERVICE_PATH  where the service has its program  SERVICE_FROM  where that is copied from
::   SERVICE_SHA256  digest of that program
::   SERVICE_ARGUMENTS  words without quotes and percent signs      SERVICE_NEEDS  a file without which it is not started
:: The digest is kept with the service, and goes with it: fc takes minutes for two builds, and prints each byte.
:: The error level is asked for line by line: Wine's || does not know how a copy ended.
set SERVICE_KEY=HKLM\SYSTEM\CurrentControlSet\Services\%SERVICE_NAME%
sc.exe query %SERVICE_NAME% >nul 2>&1
if errorlevel 1 goto put
reg query %SERVICE_KEY% /v ImagePath | find "%SERVICE_ARGUMENTS%" >nul
if errorlevel 1 goto foreign
if not exist "%SERVICE_PATH%" goto foreign
if exist "%SERVICE_PATH%.kubedev-original" goto start
reg query %SERVICE_KEY% /v KubedevSha256 2>nul | find "%SERVICE_SHA256%" >nul
if not errorlevel 1 goto start
:: First of all: broken off below, it is no known program.
reg delete %SERVICE_KEY% /v KubedevSha256 /f >nul 2>&1
net stop %SERVICE_NAME% /y >nul 2>&1
:: Wine takes it without the option alone.
net stop %SERVICE_NAME% >nul 2>&1 <nul
:put
copy /y /b "%SERVICE_FROM%" "%SERVICE_PATH%.kubedev-new" >nul
if errorlevel 1 exit /b 1
:: One that was just stopped may hold its file for a moment.
for /l %%i in (1,1,30) do if exist "%SERVICE_PATH%.kubedev-new" (
    move /y "%SERVICE_PATH%.kubedev-new" "%SERVICE_PATH%" >nul 2>&1
    if exist "%SERVICE_PATH%.kubedev-new" ping -n 2 127.0.0.1 >nul
)
if exist "%SERVICE_PATH%.kubedev-new" goto held
sc.exe query %SERVICE_NAME% >nul 2>&1
if not errorlevel 1 goto made
sc.exe create %SERVICE_NAME% binPath= "\"%SERVICE_PATH%\" %SERVICE_ARGUMENTS%" start= auto depend= containerd
if errorlevel 1 exit /b 1
:made
sc.exe failure %SERVICE_NAME% reset= 60 actions= restart/10000 >nul
reg add %SERVICE_KEY% /v KubedevSha256 /d %SERVICE_SHA256% /f >nul
if errorlevel 1 exit /b 1
:start
if not exist "%SERVICE_NEEDS%" exit /b 0
sc.exe query %SERVICE_NAME% | find "RUNNING" >nul
if not errorlevel 1 exit /b 0
net start %SERVICE_NAME%
exit /b %ERRORLEVEL%
:foreign
echo the service %SERVICE_NAME% is there already and was not made by this; expected none: remove it by sc.exe delete %SERVICE_NAME%>&2
exit /b 1
:held
del /q "%SERVICE_PATH%.kubedev-new"
echo cannot exchange %SERVICE_PATH%; expected that no program holds it open>&2
exit /b 1
