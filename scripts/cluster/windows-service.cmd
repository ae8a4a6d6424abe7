:: Makes a program a service of Windows that starts with the machine, and starts it as soon as there is what it needs.
:: Of one that is there already, and ours by its arguments, it only makes sure that it runs.
::   SERVICE_NAME  SERVICE_PATH  where the service has its program  SERVICE_FROM  where that is copied from
::   SERVICE_ARGUMENTS  words without quotes and percent signs      SERVICE_NEEDS  a file without which it is not started
:: The error level is asked for line by line: Wine's || does not know how a copy ended.
sc.exe query %SERVICE_NAME% >nul 2>&1
if not errorlevel 1 goto there
copy /y /b "%SERVICE_FROM%" "%SERVICE_PATH%.kubedev-new" >nul
if errorlevel 1 exit /b 1
move /y "%SERVICE_PATH%.kubedev-new" "%SERVICE_PATH%" >nul
if errorlevel 1 exit /b 1
sc.exe create %SERVICE_NAME% binPath= "\"%SERVICE_PATH%\" %SERVICE_ARGUMENTS%" start= auto depend= containerd
if errorlevel 1 exit /b 1
sc.exe failure %SERVICE_NAME% reset= 60 actions= restart/10000 >nul
goto start
:there
reg query HKLM\SYSTEM\CurrentControlSet\Services\%SERVICE_NAME% /v ImagePath | find "%SERVICE_ARGUMENTS%" >nul
if errorlevel 1 goto foreign
if exist "%SERVICE_PATH%" goto start
:foreign
echo the service %SERVICE_NAME% is there already and was not made by this; expected none: remove it by sc.exe delete %SERVICE_NAME%>&2
exit /b 1
:start
if not exist "%SERVICE_NEEDS%" exit /b 0
sc.exe query %SERVICE_NAME% | find "RUNNING" >nul
if not errorlevel 1 exit /b 0
net start %SERVICE_NAME%
