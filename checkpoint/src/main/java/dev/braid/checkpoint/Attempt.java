package dev.braid.checkpoint;

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
}
