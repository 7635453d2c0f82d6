package dev.braid.trainer.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Everything besides tensors that a run needs to go on bit for bit.
 *
 * @param step completed optimizer steps, skipped ones included
 * @param samples samples taken so far: the whole state of the data
 * @param tokens trained on so far
 * @param skipped steps whose gradient was not finite
 * @param updates optimizer updates made
 * @param seconds of training so far
 */
public record RunState(long step, long samples, long tokens, long skipped, long updates, double seconds) {
    /** Before the first step. */
    public static final RunState START = new RunState(0, 0, 0, 0, 0, 0);

    /** After one more step. */
    RunState after(StepResult result, long stepSamples, double stepSeconds) {
        return new RunState(
                step + 1,
                samples + stepSamples,
                tokens + result.tokens(),
                skipped + (result.skipped() ? 1 : 0),
                updates + (result.skipped() ? 0 : 1),
                seconds + stepSeconds);
    }

    /** As it stands in a checkpoint. */
    ObjectNode toJson() {
        ObjectNode node = new ObjectMapper().createObjectNode();
        node.put("step", step);
        node.put("samples", samples);
        node.put("tokens", tokens);
        node.put("skipped_steps", skipped);
        node.put("optimizer_updates", updates);
        node.put("seconds", seconds);
        return node;
    }

    /** Reads what {@link #toJson} wrote. */
    static RunState fromJson(JsonNode node) {
        return new RunState(
                required(node, "step").asLong(),
                required(node, "samples").asLong(),
                required(node, "tokens").asLong(),
                required(node, "skipped_steps").asLong(),
                required(node, "optimizer_updates").asLong(),
                required(node, "seconds").asDouble());
    }

    private static JsonNode required(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null || !value.isNumber()) {
            throw new IllegalArgumentException(
                    "the checkpoint's state has no number '" + key
                            + "'; it was not written by training and cannot be resumed (use init.from to start from its weights)");
        }
        return value;
    }
}
