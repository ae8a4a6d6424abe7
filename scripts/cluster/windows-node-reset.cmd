:: Takes back what kubeadm join did, with the containers of the node.
if not exist C:\k\joined.txt exit /b 0
:: It removes below the root of the drive that it is called from, and nobody removes the directory that he is in.
cd /d C:\
C:\k\kubeadm.exe reset --force --cri-socket=npipe:////./pipe/containerd-containerd >&2
if errorlevel 1 exit /b 1
:: Wine removes one at a time.
rd /s /q C:\etc\kubernetes >nul 2>&1
rd /s /q C:\var\lib\kubelet >nul 2>&1
rd /s /q C:\var\lib\cni >nul 2>&1
rd /s /q C:\run\flannel >nul 2>&1
del /q C:\k\joined.txt
