/** Texts for cmd on a Windows host. They ask for the error level line by line: Wine's || does not know how a copy ended. */

/** A program that is to be a service. Nothing in it has a quote or a percent sign. */
export interface ServiceProgram {
    service: string;
    /** Where the service has it. */
    path: string;
    /** Where it is copied from. */
    from: string;
    arguments: readonly string[];
    /** Services that are started before it. */
    dependencies: readonly string[];
}

/** Makes the service and starts it. Of one that is there already, and ours by its arguments, it only makes sure that it runs. */
export function installText({
    service,
    path,
    from,
    arguments: words,
    dependencies,
}: ServiceProgram): string {
    const depend = dependencies.length === 0 ? "" : ` depend= ${dependencies.join("/")}`;
    const line = [`\\"${path}\\"`, ...words].join(" ");
    return `sc.exe query ${service} >nul 2>&1
if not errorlevel 1 goto there
copy /y /b "${from}" "${path}.kubedev-new" >nul
if errorlevel 1 exit /b 1
move /y "${path}.kubedev-new" "${path}" >nul
if errorlevel 1 exit /b 1
sc.exe create ${service} binPath= "${line}" start= auto${depend}
if errorlevel 1 exit /b 1
sc.exe failure ${service} reset= 60 actions= restart/10000 >nul
goto start
:there
reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\${service} /v ImagePath | find "${words.join(" ")}" >nul
if errorlevel 1 goto foreign
if exist "${path}" goto start
:foreign
echo the service ${service} is there already and was not made by this; expected none: remove it by sc.exe delete ${service}, or take azure-windows:kubelet out of the settings>&2
exit /b 1
:start
sc.exe query ${service} | find "RUNNING" >nul
if not errorlevel 1 exit /b 0
net start ${service}
`;
}

/** Takes it back. */
export function removeText({ service, path }: ServiceProgram): string {
    // The second stop is as Wine takes it.
    return `if not exist "${path}.kubedev-original" goto plain
echo ${path} is swapped; expected the service's own program: take its azure-windows:swap out of the settings first>&2
exit /b 1
:plain
net stop ${service} /y >nul 2>&1
net stop ${service} >nul 2>&1 <nul
sc.exe delete ${service} >nul 2>&1
for /l %%i in (1,1,30) do if exist "${path}" (
    del /q "${path}" >nul 2>&1
    if exist "${path}" ping -n 2 127.0.0.1 >nul
)
if not exist "${path}" exit /b 0
echo cannot remove ${path}; expected that no program holds it open>&2
exit /b 1
`;
}
