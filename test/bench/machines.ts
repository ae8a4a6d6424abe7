/** What several virtual machines cost that are started at once, beside one; and a preview in which nothing changed: `make bench`. */
import { library, ScratchStack } from "../support/engine";
import { dirOf, killHard, pidOf } from "../support/host-state";
import { imageCache } from "../support/local-kvm";
import { bench, median, previewTime, rounds, row, seconds } from "./figures";
import { limitMs } from "./peers/peer";
import { Steps } from "./steps";

const counts = [1, 3, 5] as const;
const preview = 5;

const names = (count: number) =>
    Array.from({ length: count }, (_, index) => `node-${String(index + 1)}`);

const program = (count: number) => `
import * as kubedev from ${JSON.stringify(library)};
const image = new kubedev.BaseImage("debian", {});
const key = new kubedev.SshKeyPair("login", {});
for (const name of ${JSON.stringify(names(count))}) {
    new kubedev.VirtualMachine(name, { baseImage: image.files, loginKey: key.files, readyTimeoutSec: ${String(limitMs / 1e3)} });
}
`;

async function main(): Promise<void> {
    const stacks = new Map<number, ScratchStack>();
    try {
        for (const count of counts) {
            const stack = await ScratchStack.create({
                program: program(count),
                project: `bench-${String(count)}`,
                env: imageCache(),
            });
            stacks.set(count, stack);
            await stack.up({ timeoutMs: 3 * limitMs });
            await killAll(stack, count);
        }
        await coldStarts(stacks);
        await previews(stacks.get(preview));
    } finally {
        for (const stack of stacks.values()) {
            await stack.dispose();
        }
    }
}

async function killAll(stack: ScratchStack, count: number): Promise<void> {
    for (const name of names(count)) {
        await killHard(pidOf(dirOf(stack, `${name}-machine`)));
    }
}

/** From the start of the first script to the last sshd that answers. */
async function coldStarts(stacks: Map<number, ScratchStack>): Promise<void> {
    const times = new Map<number, number[]>(counts.map((count) => [count, []]));
    for (let round = 0; round < rounds; round++) {
        for (const [count, stack] of stacks) {
            const steps = new Steps();
            await stack.up({ heard: steps.heard, timeoutMs: 3 * limitMs });
            times.get(count)?.push(steps.span(names(count).map((name) => `${name}-machine`)));
            await killAll(stack, count);
        }
    }
    const [one] = counts;
    for (const count of counts) {
        const took = median(times.get(count) ?? []);
        const machines = count === one ? "1 machine" : `${String(count)} machines at once`;
        row(`${machines}, until the last sshd answers`, seconds(took));
        if (count !== one) {
            row("  of one machine's", (took / median(times.get(one) ?? [])).toFixed(2));
        }
    }
}

async function previews(stack: ScratchStack | undefined): Promise<void> {
    if (stack === undefined) return;
    await stack.up({ timeoutMs: 3 * limitMs });
    const times = [];
    for (let round = 0; round <= rounds; round++) {
        const took = await previewTime(stack);
        // The first one fills caches.
        if (round > 0) times.push(took);
    }
    row(`preview of ${String(preview)} machines that run, nothing changed`, seconds(median(times)));
}

bench("machines", main);
