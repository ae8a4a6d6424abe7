import type * as globalSchedule from "@pulumi/azure-native/devtestlab/globalSchedule";
import type * as disk from "@pulumi/azure-native/compute/disk";
import type * as runCommand from "@pulumi/azure-native/compute/virtualMachineRunCommandByVirtualMachine";
import type * as virtualMachine from "@pulumi/azure-native/compute/virtualMachine";
import type * as networkInterface from "@pulumi/azure-native/network/networkInterface";
import type * as networkSecurityGroup from "@pulumi/azure-native/network/networkSecurityGroup";
import type * as publicIPAddress from "@pulumi/azure-native/network/publicIPAddress";
import type * as subnet from "@pulumi/azure-native/network/subnet";
import type * as virtualNetwork from "@pulumi/azure-native/network/virtualNetwork";
import type * as resourceGroup from "@pulumi/azure-native/resources/resourceGroup";
import { runError } from "../internal/errors";

/** Modules of @pulumi/azure-native that are used. Its index alone would take seconds to load. */
interface Modules {
    "compute/disk": typeof disk;
    "compute/virtualMachine": typeof virtualMachine;
    "compute/virtualMachineRunCommandByVirtualMachine": typeof runCommand;
    "devtestlab/globalSchedule": typeof globalSchedule;
    "network/networkInterface": typeof networkInterface;
    "network/networkSecurityGroup": typeof networkSecurityGroup;
    "network/publicIPAddress": typeof publicIPAddress;
    "network/subnet": typeof subnet;
    "network/virtualNetwork": typeof virtualNetwork;
    "resources/resourceGroup": typeof resourceGroup;
}

/**
 * One module of @pulumi/azure-native, once something in Azure is declared: the package is large, so who declares nothing
 * there neither loads nor installs it.
 */
export function azureNative<Name extends keyof Modules>(name: Name): Modules[Name] {
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        return require(`@pulumi/azure-native/${name}`) as Modules[Name];
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") {
            throw error;
        }
        throw runError(
            "got no npm package @pulumi/azure-native; expected it beside kubedev, since this program declares something in Azure; run: npm install --save-exact @pulumi/azure-native@3.28.0",
        );
    }
}
