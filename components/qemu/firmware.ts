import * as pulumi from "@pulumi/pulumi";
import { preflight } from "../host/preflight";
import { guarded } from "../internal/errors";
import { applied } from "../internal/outputs";
import { shellExports } from "../internal/quote";
import { script } from "../internal/scripts";
import { inputError } from "../internal/validate";

/** What starts a machine's boot loader. */
export enum Firmware {
    /** SeaBIOS, which QEMU brings with it. */
    Bios = "bios",
    /** OVMF, without Secure Boot. */
    Uefi = "uefi",
}

/** The links in a machine's directory to what `firmwarePreparation` has found or made. */
export const uefiPaths = { codePath: "firmware-code", variablesPath: "firmware-variables" };

/** The firmware, once it is known that the image is started by it and that this machine has it. */
export function checkedFirmware(
    what: string,
    given: pulumi.Output<Firmware | undefined>,
    directBoot: pulumi.Output<boolean>,
): pulumi.Output<Firmware> {
    return applied([given, directBoot], ([firmware, direct]) =>
        guarded(() => {
            if (firmware === Firmware.Uefi && direct) {
                throw inputError(what, [
                    {
                        propertyPath: "firmware",
                        reason: "got uefi for an image whose kernel is booted directly; expected none: firmware starts a boot loader, which such an image does not have. Leave it out, or take a BaseImage with a disk and without kernel",
                    },
                ]);
            }
            return firmware === Firmware.Uefi ? uefiTools().apply(() => firmware) : Firmware.Bios;
        }),
    ) as unknown as pulumi.Output<Firmware>;
}

/** This machine, once it has the firmware: for machines that are started by it, and them alone. */
function uefiTools() {
    return preflight(
        {},
        {
            commands: [
                {
                    what: "UEFI firmware for machines",
                    command: script("qemu/firmware-find.sh"),
                    expected: "OVMF",
                    fix: "install it: apt-get install ovmf (Fedora: dnf install edk2-ovmf)",
                },
            ],
        },
    );
}

/** Shell text that makes the firmware ready for QEMU; empty for a BIOS. */
export function firmwarePreparation(firmware: Firmware): string {
    return firmware === Firmware.Bios
        ? ""
        : shellExports({ MACHINE_FIND_FIRMWARE: script("qemu/firmware-find.sh") }) +
              script("qemu/machine-firmware.sh");
}
