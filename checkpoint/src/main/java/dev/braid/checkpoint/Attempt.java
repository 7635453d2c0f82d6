package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * One attempt to write a checkpoint, agreed on by the coordinator and sent to all ranks. Each attempt has files of
 * its own, so one that was given up never mixes with another.
 *
 * @param step completed optimizer steps
 * @param folder the checkpoint's folder in the store
 * @param id tells this attempt's files from those of others
 * @param replaces true when the folder was a complete checkpoint before, which stays until the new one is committed
 */
public record Attempt(long step, String folder, String id, boolean replaces) {
    /** Name of the file that {@code rank} writes. */
    public String file(int rank) {
        return "rank-" + rank + "." + id + ".slices";
    }

    /** True when {@code file} is what some rank writes in this attempt. */
    boolean owns(String file) {
        return file.startsWith("rank-") && file.endsWith("." + id + ".slices");
    }

    /** This as UTF-8 JSON, to be sent to the ranks. */
    public byte[] toJson() {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("step", step).put("folder", folder).put("id", id).put("replaces", replaces);
        return node.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What {@link #toJson} wrote. Throws {@link IllegalArgumentException} for anything else. */
    public static Attempt fromJson(byte[] json) {
        try {
            JsonNode node = StrictJson.parse(json);
            return new Attempt(
                    StrictJson.number(node, "step"),
                    StrictJson.text(node, "folder"),
                    StrictJson.text(node, "id"),
                    StrictJson.truth(node, "replaces"));
        } catch (InvalidFileException problem) {
            throw new IllegalArgumentException(
                    "not an attempt to write a checkpoint: " + problem.getMessage(), problem);
        }
    }
}
