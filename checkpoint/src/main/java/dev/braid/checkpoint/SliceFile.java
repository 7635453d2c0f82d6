package dev.braid.checkpoint;

import java.util.List;

/**
 * What one rank wrote: what its file of slices holds. The coordinator gathers one from each rank and commits them.
 *
 * @param name name of the file in the checkpoint's folder
 * @param bytes its size
 * @param slices parts of tensors, in the order of the file
 * @param attachments small files
 */
public record SliceFile(String name, long bytes, List<Slice> slices, List<Attachment> attachments) {
    /** This as UTF-8 JSON, to be sent to the coordinator: about 40 bytes a slice. */
    public byte[] toJson() {
        return SliceJson.write(List.of(this), json -> {});
    }

    /** What {@link #toJson} wrote. Throws {@link IllegalArgumentException} for anything else. */
    public static SliceFile fromJson(byte[] json) {
        try {
            List<SliceFile> files = SliceJson.readFiles(StrictJson.parse(json));
            if (files.size() != 1) {
                throw new InvalidFileException("must have one file, not " + files.size());
            }
            return files.getFirst();
        } catch (InvalidFileException problem) {
            throw new IllegalArgumentException("not a list of slices: " + problem.getMessage(), problem);
        }
    }
}
