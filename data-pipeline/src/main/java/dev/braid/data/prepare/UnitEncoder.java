package dev.braid.data.prepare;

import dev.braid.data.source.DocumentReader;
import dev.braid.data.source.DocumentUnit;
import dev.braid.data.source.Part;
import dev.braid.data.store.ShardIndex.Shard;
import dev.braid.data.store.ShardWriter;
import dev.braid.data.store.Split;
import dev.braid.data.store.Store;
import dev.braid.data.tokenizer.Encoder;
import dev.braid.data.tokenizer.TokenBuffer;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/** Encodes one unit and writes its shards: one for training, one for validation, each only when it has tokens. For one thread. */
final class UnitEncoder {
    private final Store folder;
    private final DocumentUnit unit;
    private final int tokenBytes;
    private final String attempt = ".attempt-" + UUID.randomUUID();
    private final Map<Split, ShardWriter> writers = new EnumMap<>(Split.class);

    /**
     * What became of a unit.
     *
     * @param shards what was written
     */
    record Result(
            int source,
            List<Shard> shards,
            long documents,
            long bytes,
            long characters,
            long validationDocuments,
            long empty,
            long binary,
            long repaired)
            implements Serializable {}

    UnitEncoder(Store folder, DocumentUnit unit, int tokenBytes) {
        this.folder = folder;
        this.unit = unit;
        this.tokenBytes = tokenBytes;
    }

    Result encode(DocumentReader reader, Encoder encoder, int endOfText, double validation) throws IOException {
        long[] validationDocuments = {0};
        try {
            TokenBuffer tokens = new TokenBuffer();
            for (Part part : unit.parts()) {
                reader.read(part, (text, length) -> {
                    boolean held = DocumentJobs.isValidation(text, length, validation);
                    validationDocuments[0] += held ? 1 : 0;
                    tokens.clear();
                    encoder.encode(text, length, tokens);
                    tokens.add(endOfText);
                    write(held ? Split.VALIDATION : Split.TRAIN, tokens);
                });
            }
        } catch (IOException | RuntimeException problem) {
            abandon();
            throw problem;
        }
        DocumentReader.Counts counts = reader.counts();
        return new Result(
                unit.source(),
                settle(),
                counts.documents(),
                counts.bytes(),
                counts.characters(),
                validationDocuments[0],
                counts.empty(),
                counts.binary(),
                counts.repaired());
    }

    private String name(Split split) {
        return String.format(Locale.ROOT, "%s-%05d.bin", split.word(), unit.number());
    }

    private void write(Split split, TokenBuffer tokens) throws IOException {
        try {
            append(split, tokens);
        } catch (IOException problem) {
            throw cannotWrite(split, problem);
        }
    }

    private IOException cannotWrite(Split split, IOException problem) {
        return new IOException(
                "can't write " + folder.address() + "/" + name(split) + ": " + problem.getMessage(), problem);
    }

    private void append(Split split, TokenBuffer tokens) throws IOException {
        ShardWriter writer = writers.get(split);
        if (writer == null) {
            writer = new ShardWriter(folder.create(name(split) + attempt), tokenBytes);
            writers.put(split, writer);
        }
        for (int index = 0; index < tokens.size(); index++) {
            writer.write(tokens.get(index));
        }
    }

    private List<Shard> settle() throws IOException {
        List<Shard> shards = new ArrayList<>();
        for (Map.Entry<Split, ShardWriter> entry : writers.entrySet()) {
            ShardWriter writer = entry.getValue();
            String name = name(entry.getKey());
            try {
                writer.close();
                folder.settle(name + attempt, name);
            } catch (IOException problem) {
                throw cannotWrite(entry.getKey(), problem);
            }
            long tokens = writer.tokens();
            shards.add(new Shard(name, unit.source(), entry.getKey(), tokens, tokens * tokenBytes, writer.checksum()));
        }
        return shards;
    }

    private void abandon() throws IOException {
        for (Map.Entry<Split, ShardWriter> entry : writers.entrySet()) {
            try {
                entry.getValue().close();
            } finally {
                folder.delete(name(entry.getKey()) + attempt);
            }
        }
    }
}
