:: Refuses a Windows host without a containerd that runs: the kubelet has no other way to start a container.
sc.exe query containerd >nul 2>&1
if errorlevel 1 goto missing
sc.exe query containerd | find "RUNNING" >nul
if not errorlevel 1 exit /b 0
echo the service containerd does not run; expected it to: sc.exe start containerd>&2
exit /b 1
:missing
echo there is no service containerd on this host; expected it, and the feature Containers: containerd: {} of a WindowsAgent installs both>&2
exit /b 1
