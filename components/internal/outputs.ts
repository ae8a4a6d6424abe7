import * as pulumi from "@pulumi/pulumi";

type Known<Values extends readonly unknown[]> = {
    [At in keyof Values]: pulumi.Unwrap<Values[At]>;
};

/**
 * What `pulumi.all(values).apply(make)` is, for a third of the cost: an output is some thirty promises, and `all` makes two
 * of each value and one more, where this makes one of each that is an output. If none is, `make` is called at once. Where
 * a value is unknown, as in previews, those after it are not waited for: that one of them is secret, or what it depends on,
 * shows once all are known.
 */
export function applied<const Values extends readonly unknown[], Made>(
    values: Values,
    make: (known: Known<Values>) => Made,
): pulumi.Output<pulumi.Unwrap<Made>> {
    return asOutput(from(values, [], make)) as pulumi.Output<pulumi.Unwrap<Made>>;
}

function from<Values extends readonly unknown[]>(
    values: readonly unknown[],
    before: readonly unknown[],
    make: (known: Known<Values>) => unknown,
): unknown {
    const [value, ...rest] = values;
    if (values.length === 0) {
        return make(before as Known<Values>);
    }
    if (!holdsOutput(value)) {
        return from(rest, [...before, value], make);
    }
    return (asOutput(value) as pulumi.Output<unknown>).apply((known): unknown =>
        // An output of a user's may hold others.
        holdsOutput(known)
            ? from([known, ...rest], before, make)
            : from(rest, [...before, known], make),
    );
}

/** The same of one value; what is made of one that is there now is no output. */
export function mapped<T, Made>(
    value: pulumi.Input<T>,
    make: (known: pulumi.Unwrap<T>) => Made,
): Made | pulumi.Output<pulumi.Unwrap<Made>> {
    return holdsOutput(value)
        ? applied([value], ([known]) => make(known as pulumi.Unwrap<T>))
        : make(value as pulumi.Unwrap<T>);
}

/** The same of an object of values. */
export function appliedFields<Fields extends object, Made>(
    fields: Fields,
    make: (known: pulumi.UnwrappedObject<Fields>) => Made,
): pulumi.Output<pulumi.Unwrap<Made>> {
    const names = Object.keys(fields);
    return applied(Object.values(fields) as unknown[], (known) =>
        make(
            Object.fromEntries(
                names.map((name, at) => [name, known[at]]),
            ) as pulumi.UnwrappedObject<Fields>,
        ),
    );
}

type Fields<T, Name extends keyof T> = {
    readonly [Each in Name]-?: pulumi.Output<pulumi.Unwrap<T[Each]>>;
};

/** What was read of outputs. An output itself makes another one whenever a field of it is read. */
const fieldsRead = new WeakMap<object, (name: string) => pulumi.Output<unknown>>();

/** Fields of an object, each as an output, known or not by itself. Of an output each is made once, whoever asks for it. */
export function fieldsOf<T extends object, Name extends keyof T & string>(
    value: pulumi.Input<T>,
    ...names: Name[]
): Fields<T, Name> {
    const isLater = pulumi.Output.isInstance(value) || value instanceof Promise;
    const read = fieldsRead.get(value) ?? reader(isLater ? pulumi.output(value) : value);
    if (isLater) {
        fieldsRead.set(value, read);
    }
    return Object.fromEntries(names.map((name) => [name, read(name)])) as Fields<T, Name>;
}

function reader(value: object): (name: string) => pulumi.Output<unknown> {
    const read = new Map<string, pulumi.Output<unknown>>();
    return (name) => {
        const field = read.get(name) ?? asOutput((value as Record<string, unknown>)[name]);
        read.set(name, field);
        return field;
    };
}

/** Whether a value is an output or a promise, or holds one. */
export function holdsOutput(value: unknown): boolean {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
        return true;
    }
    // As pulumi.all has it: a resource is left as it is, though its fields are outputs.
    if (typeof value !== "object" || value === null || pulumi.Resource.isInstance(value)) {
        return false;
    }
    return Object.values(value).some(holdsOutput);
}

/** An output as it is: pulumi.output makes two of it. */
export function asOutput<T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> {
    return (pulumi.Output.isInstance(value) ? value : pulumi.output(value)) as pulumi.Output<
        pulumi.Unwrap<T>
    >;
}
