/** Keeps what the sources are as a release: node --import tsx test/releases/record.ts VERSION */
import { presentRecording, writeRecording } from "./recording";
import { parseVersion } from "./versions";

const version = process.argv[2] ?? "";
parseVersion(version);
writeRecording(presentRecording(version));
