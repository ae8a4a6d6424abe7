import { fields, yesOrNo } from "../internal/rules";

/** What an EngineRef must look like. */
export const engineRule = fields("an engine", { own: yesOrNo.optional() }).optional();
