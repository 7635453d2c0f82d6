package dev.braid.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;

/**
 * What one rank wrote: what its file of slices holds. The coordinator gathers one from each rank, as text, and
 * commits them.
 *
 * @param name name of the file in the checkpoint's folder
 * @param bytes its size
 * @param slices ranges of tensors, in the order of the file
 * @param attachments small files
 */
public record SliceFile(String name, long bytes, List<Slice> slices, List<Attachment> attachments) {
    /** This as JSON, to be sent to the coordinator. */
    public String toJson() {
        return ManifestJson.write(this).toString();
    }

    /** What {@link #toJson} wrote. Throws {@link IllegalArgumentException} for anything else. */
    public static SliceFile fromJson(String json) {
        try {
            return ManifestJson.readFile(new ObjectMapper().readTree(json));
        } catch (JsonProcessingException | InvalidFileException problem) {
            throw new IllegalArgumentException("not a list of slices: " + problem.getMessage(), problem);
        }
    }
}
