import { type DeclaredResource, isPlain, isUnknown, objectsIn, type Violation } from "./resource";

/**
 * Images that may be another one tomorrow: of containers in Kubernetes without a digest, unless they are never pulled, and
 * of machines in Azure with the version "latest", which a LinuxAgent or WindowsAgent has by default.
 */
export function unpinnedImages(resource: DeclaredResource): Violation[] {
    const { type, inputs, parentTypes } = resource;
    if (/^kubedev:index:(Linux|Windows)Agent$/.test(type)) {
        const version = isPlain(inputs["image"]) ? inputs["image"]["version"] : undefined;
        const absent = isUnknown(resource, "image.version") ? undefined : "latest";
        return latest("image.version", version ?? absent);
    }
    if (parentTypes.some((parent) => /^kubedev:index:(Linux|Windows)Agent$/.test(parent))) {
        return [];
    }
    if (/^azure-native:compute(\/v\w+)?:VirtualMachine$/.test(type)) {
        const path = "storageProfile.imageReference.version";
        return latest(path, at(inputs, path.split(".")));
    }
    return type.startsWith("kubernetes:") ? inPods(inputs, "") : [];
}

function latest(path: string, version: unknown): Violation[] {
    return version === "latest"
        ? [{ path, reason: 'got "latest"; expected a version (az vm image list --all tells them)' }]
        : [];
}

/** A pod template can be anywhere: a Deployment's, a CronJob's, one in a resource of somebody's own kind. */
function inPods(value: unknown, path: string): Violation[] {
    if (Array.isArray(value)) {
        return value.flatMap((one, index) => inPods(one, `${path}[${String(index)}]`));
    }
    if (!isPlain(value)) {
        return [];
    }
    return Object.entries(value).flatMap(([key, inner]) => {
        const here = path === "" ? key : `${path}.${key}`;
        if (containerLists.includes(key)) {
            return objectsIn(inner).flatMap(({ image, imagePullPolicy }, index) =>
                ofImage(image, imagePullPolicy, `${here}[${String(index)}].image`),
            );
        }
        if (key === "volumes") {
            return objectsIn(inner).flatMap(({ image }, index) =>
                isPlain(image)
                    ? ofImage(
                          image["reference"],
                          image["pullPolicy"],
                          `${here}[${String(index)}].image.reference`,
                      )
                    : [],
            );
        }
        return inPods(inner, here);
    });
}

const containerLists = ["containers", "initContainers", "ephemeralContainers"];

function ofImage(image: unknown, pullPolicy: unknown, path: string): Violation[] {
    return typeof image !== "string" || pullPolicy === "Never" || isPinned(image)
        ? []
        : [
              {
                  path,
                  reason: `got ${JSON.stringify(image)}; expected a digest in it, as name:tag@sha256:...`,
              },
          ];
}

const isPinned = (image: string) => /@sha256:[0-9a-f]{64}$/.test(image);

function at(value: unknown, path: string[]): unknown {
    return path.reduce<unknown>((inner, key) => (isPlain(inner) ? inner[key] : undefined), value);
}
