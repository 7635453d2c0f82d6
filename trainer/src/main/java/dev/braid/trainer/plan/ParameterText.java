package dev.braid.trainer.plan;

import dev.braid.trainer.report.Format;

/** How many parameters a model has, in words. */
final class ParameterText {
    private ParameterText() {}

    /** All, and those that a token uses where these are fewer. */
    static String of(long parameters, long active) {
        String all = Format.grouped(parameters) + " parameters";
        return active == parameters
                ? all
                : all + " (" + Format.grouped(active) + " active for a token: FLOPs count these alone)";
    }
}
