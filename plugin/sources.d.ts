/** Compiles the sources in `root` below `store`, unless that was done; answers the folder, which is a package. */
export function compiled(root: string, store: string): string;
