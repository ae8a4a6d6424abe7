import * as pulumi from "@pulumi/pulumi";
import { guarded } from "../internal/errors";
import { machineIdentity, machineUuid } from "../internal/machine-identity";
import { inputError } from "../internal/validate";
import { applied, mapped } from "../internal/outputs";
import { type ImageFields } from "./base-image";
import { seedText } from "./cloud-seed";
import { macFromName } from "./mac-address";
import { seedTools } from "./machine-host";
import { MachineCard } from "./network-cards";

/** Arguments that a seed is made of, checked, each on its own: a key that is not there yet leaves the others known in a preview. */
interface SeedArgs {
    hostname: pulumi.Input<string | undefined>;
    mac: pulumi.Input<string | undefined>;
    kernelParameters: pulumi.Input<string[] | undefined>;
    userData: pulumi.Input<string | undefined>;
}

/** What cloud-init of a machine's guest gets, and what of it the disk depends on. */
export interface MachineSeed {
    /** Whether the image has cloud-init. */
    wanted: pulumi.Output<boolean>;
    /** What is provisioned once, at a disk's first boot: of another the disk is made anew. Nothing for an image without cloud-init. */
    spec: {
        userData: pulumi.Output<string | undefined>;
        hostname: pulumi.Output<string | undefined>;
        mac: pulumi.Output<string | undefined>;
    };
    /** Shell text that makes it in the directory of a machine with these cards; empty for an image without cloud-init. */
    text: (cards: pulumi.Output<MachineCard[]>) => pulumi.Output<string>;
}

export function machineSeed(name: string, args: SeedArgs, image: ImageFields): MachineSeed {
    const what = `VirtualMachine ${name}`;
    const wanted = applied([image.cloudInit], ([has]) => has && seedTools().apply(() => true));
    const provisioned = (value: pulumi.Input<string | undefined>, otherwise: string) =>
        applied([wanted], ([cloudInit]) =>
            cloudInit ? mapped(value, (known) => known ?? otherwise) : undefined,
        );
    const spec = {
        userData: checkedUserData(what, args.userData, wanted),
        hostname: provisioned(args.hostname, name),
        mac: provisioned(args.mac, macFromName(name)),
    };
    return {
        wanted,
        spec,
        // What only a seed takes is not asked for without one: it would cost each preview as much.
        text: (cards) =>
            applied([wanted], ([cloudInit]) =>
                cloudInit ? textOf(name, { ...args, ...spec }, image, cards) : "",
            ),
    };
}

function textOf(
    name: string,
    args: SeedArgs,
    image: ImageFields,
    cards: pulumi.Output<MachineCard[]>,
): pulumi.Output<string> {
    return applied(
        [
            ...([args.hostname, args.mac, args.userData, cards] as const),
            ...([image.digest, image.directBoot, args.kernelParameters] as const),
        ],
        ([hostname, mac, userData, cableCards, baseImage, directBoot, kernelParameters]) =>
            guarded(() => {
                if (!directBoot && (kernelParameters ?? []).length > 0) {
                    throw inputError(`VirtualMachine ${name}`, [
                        {
                            propertyPath: "kernelParameters",
                            reason: "got some for an image that is started by its own boot loader; expected none: set them in the guest, by userData, or give the BaseImage kernel and initrd",
                        },
                    ]);
                }
                const uuid = machineUuid(machineIdentity(name));
                const names = { hostname: hostname ?? name, mac: mac ?? macFromName(name) };
                return seedText({ uuid, baseImage, ...names, userData }, cableCards);
            }),
    );
}

/** The user data, once it is known that the image can take it. */
function checkedUserData(
    what: string,
    given: pulumi.Input<string | undefined>,
    cloudInit: pulumi.Output<boolean>,
): pulumi.Output<string | undefined> {
    return applied([given, cloudInit], ([userData, has]) =>
        guarded(() => {
            if (userData !== undefined && !has) {
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
