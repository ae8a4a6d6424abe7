:: Takes back what windows-service.cmd made.
::   SERVICE_NAME  SERVICE_PATH
if not exist "%SERVICE_PATH%.kubedev-original" goto plain
echo %SERVICE_PATH% is swapped; expected the service's own program: take the BinarySwap of %SERVICE_NAME% away first>&2
exit /b 1
:plain
net stop %SERVICE_NAME% /y >nul 2>&1
:: Wine takes it without the option alone.
net stop %SERVICE_NAME% >nul 2>&1 <nul
sc.exe delete %SERVICE_NAME% >nul 2>&1
for /l %%i in (1,1,30) do if exist "%SERVICE_PATH%" (
    del /q "%SERVICE_PATH%" >nul 2>&1
    if exist "%SERVICE_PATH%" ping -n 2 127.0.0.1 >nul
)
if not exist "%SERVICE_PATH%" exit /b 0
echo cannot remove %SERVICE_PATH%; expected that no program holds it open>&2
exit /b 1
