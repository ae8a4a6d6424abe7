import * as pulumi from "@pulumi/pulumi";
import { guarded } from "../internal/errors";
import { machineIdentity, machineUuid } from "../internal/machine-identity";
import { checked, inputError } from "../internal/validate";
import { type BaseImageFiles } from "./base-image";
import { seedText } from "./cloud-seed";
import { macFromName } from "./mac-address";
import { seedTools } from "./machine-host";
import { userDataRule } from "./user-data-rule";

/** Arguments that a seed is made of. */
interface SeedArgs {
    hostname?: pulumi.Input<string>;
    mac?: pulumi.Input<string>;
    kernelParameters?: pulumi.Input<pulumi.Input<string>[]>;
    userData?: pulumi.Input<string>;
}

/** What cloud-init of a machine's guest gets, and what of it the disk depends on. */
export interface MachineSeed {
    /** Whether the image has cloud-init. */
    wanted: pulumi.Output<boolean>;
    /** What is provisioned once, at a disk's first boot: of another the disk is made anew. Nothing for an image without cloud-init. */
    spec: {
        userData: pulumi.Output<string | undefined> | undefined;
        hostname: pulumi.Output<string | undefined>;
        mac: pulumi.Output<string | undefined>;
    };
    /** Shell text that makes it in the machine's directory; empty for an image without cloud-init. */
    text: pulumi.Output<string>;
}

/** `plain` are the arguments without the user data, checked. */
export function machineSeed(
    name: string,
    args: SeedArgs,
    plain: pulumi.Output<{ hostname?: string; mac?: string; kernelParameters?: string[] }>,
    image: pulumi.Output<pulumi.Unwrap<BaseImageFiles>>,
): MachineSeed {
    const what = `VirtualMachine ${name}`;
    const wanted = pulumi
        .output(image.cloudInit)
        .apply((has) => (has ? seedTools().apply(() => true) : pulumi.output(false)));
    const provisioned = pulumi
        .all([plain, wanted, image.directBoot])
        .apply(([known, cloudInit, directBoot]) =>
            guarded(() => {
                if (!cloudInit) {
                    return { hostname: undefined, mac: undefined };
                }
                if (!directBoot && (known.kernelParameters ?? []).length > 0) {
                    throw inputError(what, [
                        {
                            propertyPath: "kernelParameters",
                            reason: "got some for an image that is started by its own boot loader; expected none: set them in the guest, by userData, or give the BaseImage kernel and initrd",
                        },
                    ]);
                }
                return { hostname: known.hostname ?? name, mac: known.mac ?? macFromName(name) };
            }),
        );
    const userData = checkedUserData(what, args.userData, wanted);
    return {
        wanted,
        spec: { userData, hostname: provisioned.hostname, mac: provisioned.mac },
        text: pulumi
            .all([provisioned, userData, image.digest])
            .apply(([{ hostname, mac }, given, baseImage]) => {
                const uuid = machineUuid(machineIdentity(name));
                return hostname === undefined
                    ? ""
                    : seedText({ uuid, baseImage, hostname, mac, userData: given });
            }),
    };
}

/** The user data, once it is known that the image can take it. */
function checkedUserData(
    what: string,
    given: pulumi.Input<string> | undefined,
    cloudInit: pulumi.Output<boolean>,
): pulumi.Output<string | undefined> | undefined {
    if (given === undefined) {
        return undefined;
    }
    const rules = { userData: userDataRule };
    return pulumi
        .all([checked(what, { userData: given }, rules), cloudInit])
        .apply(([{ userData }, has]) =>
            guarded(() => {
                if (!has) {
                    throw inputError(what, [
                        {
                            propertyPath: "userData",
                            reason: "got user data for an image without cloud-init; expected none: such an image is provisioned by systemd credentials. Take a BaseImage with cloudInit: true, or put packages into the BaseImage, and files and commands on the machine with HostFile and HostCommand",
                        },
                    ]);
                }
                return userData;
            }),
        );
}
