import * as pulumi from "@pulumi/pulumi";
import { asOutput, outputOfHeld, holdsOutput, isMakable, madeOf } from "./output-state";

export { asOutput, holdsOutput };

type Known<Values extends readonly unknown[]> = {
    [At in keyof Values]: pulumi.Unwrap<Values[At]>;
};

/**
 * What `pulumi.all(values).apply(make)` is, for a fraction of the cost: an output is some thirty promises, and `all` makes
 * two of each value and two more, where this makes one. If no value is an output, `make` is called at once.
 */
export function applied<const Values extends readonly unknown[], Made>(
    values: Values,
    make: (known: Known<Values>) => Made,
): pulumi.Output<pulumi.Unwrap<Made>> {
    const made = (known: unknown): unknown => make(known as Known<Values>);
    const result = !holdsOutput(values)
        ? asOutput(made(values))
        : isMakable
          ? madeOf(values, made)
          : pulumi.all([...values]).apply(made);
    return result as pulumi.Output<pulumi.Unwrap<Made>>;
}

/**
 * What `pulumi.output` makes of an object whose fields are outputs or plain, for a fraction of the cost: one output, whose
 * fields are known or not each by itself.
 */
export function outputOf<Fields extends object>(
    fields: Fields,
): pulumi.Output<pulumi.Unwrap<Fields>> {
    const result = isMakable ? outputOfHeld(fields) : pulumi.output(fields);
    return result as pulumi.Output<pulumi.Unwrap<Fields>>;
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

/** A value that scripts take as empty where there is none. */
export function orEmpty(value: pulumi.Input<string | undefined>): pulumi.Input<string> {
    return mapped(value, (known) => known ?? "");
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
