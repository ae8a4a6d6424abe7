:: Makes this host a node by kubeadm, which starts the service kubelet.
::   standard input  a JoinConfiguration (kubeadm.k8s.io/v1beta4) with its bootstrap token, kept no longer than kubeadm runs
:: C:\k\joined.txt says that what kubeadm writes is of this node, also after a run that was broken off.
:: kubeadm asks for `kubelet --version`, and writes below the root of the drive that it is called from.
set PATH=C:\k;%PATH%
cd /d C:\k
if exist C:\k\joined.txt goto again
if not exist C:\etc\kubernetes\kubelet.conf goto join
echo C:\etc\kubernetes\kubelet.conf is there: this host is a node of some cluster already; expected none: kubeadm reset takes it out>&2
exit /b 1
:again
C:\k\kubeadm.exe reset --force --cri-socket=npipe:////./pipe/containerd-containerd >&2
if errorlevel 1 exit /b 1
:join
echo joined by kubedev>C:\k\joined.txt
more >"%TEMP%\kubedev-join.yaml"
C:\k\kubeadm.exe join --config="%TEMP%\kubedev-join.yaml" >&2
set JOINED=%ERRORLEVEL%
del /q "%TEMP%\kubedev-join.yaml"
exit /b %JOINED%
