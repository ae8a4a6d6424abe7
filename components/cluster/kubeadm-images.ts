/** Arguments with which kubeadm names its images, as words without spaces in them. */
export function imageQuestion(version: string, repository: string | undefined): string {
    return [
        ...["--kubernetes-version", version],
        ...(repository === undefined ? [] : ["--image-repository", repository]),
    ].join(" ");
}

/** Lines image, program, of those that are given. */
export function imageLines(programs: Readonly<Record<string, string | undefined>>): string {
    return Object.entries(programs)
        .filter((entry): entry is [string, string] => entry[1] !== undefined)
        .map(([image, program]) => `${image} ${program}`)
        .join("\n");
}
