/** How the guest's kernel orders what is read from and written to its disks. */
export enum IoScheduler {
    /** In no order of its own: the host has one already. */
    None = "none",
    /** By deadlines. */
    MqDeadline = "mq-deadline",
    /** By tokens, for fast devices. */
    Kyber = "kyber",
    /** By fair shares of processes. */
    Bfq = "bfq",
}

/** systemd-tmpfiles lines by which the guest sets it at each boot; nothing where the guest has its own choice. */
export function schedulerFiles(scheduler: IoScheduler | undefined): string {
    return scheduler === undefined ? "" : `w /sys/block/sd*/queue/scheduler - - - - ${scheduler}\n`;
}
