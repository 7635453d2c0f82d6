package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code braid score}: log-probabilities, and logits if asked for, of given tokens. */
final class ScoreAction {
    private static final String INPUT = "input_ids";

    private final Console console;

    ScoreAction(Console console) {
        this.console = console;
    }

    void run(Actions.Score request) throws IOException {
        int[] ids;
        Shape shape;
        try (SafetensorsFile file = SafetensorsFile.open(request.tokens())) {
            shape = file.tensor(INPUT).shape();
            if (shape.rank() != 2 || shape.count() == 0) {
                throw new IllegalArgumentException(request.tokens() + ": " + INPUT + " has the shape " + shape
                        + ", must be [N, T] with at least one token");
            }
            ids = file.ints(INPUT);
        }
        int rows = Math.toIntExact(shape.extent(0));
        int length = Math.toIntExact(shape.extent(1));
        try (SavedModel saved = SavedModel.open(request.checkpoint())) {
            Decoder model = saved.model();
            check(request, model, ids, length);
            long logitCount = (long) rows * length * model.vocabulary();
            if (request.logits() && logitCount > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(
                        "--logits of " + rows + " x " + length + " tokens with a vocabulary of " + model.vocabulary()
                                + " are too many for one file; score fewer rows at a time");
            }
            float[] logProbabilities = new float[rows * (length - 1)];
            float[] allLogits = new float[request.logits() ? (int) logitCount : 0];
            for (int row = 0; row < rows; row++) {
                int[] tokens = new int[length];
                System.arraycopy(ids, row * length, tokens, 0, length);
                float[] logits = logits(model, tokens);
                logProbabilities(logits, tokens, model.vocabulary(), logProbabilities, row * (length - 1));
                if (request.logits()) {
                    System.arraycopy(logits, 0, allLogits, row * logits.length, logits.length);
                }
            }
            List<Entry> entries = new ArrayList<>();
            entries.add(Entry.of("logprobs", Shape.of(rows, length - 1L), logProbabilities));
            if (request.logits()) {
                entries.add(Entry.of("logits", Shape.of(rows, length, model.vocabulary()), allLogits));
            }
            SafetensorsWriter.write(request.out(), entries, Map.of());
            report(request, rows, length, logProbabilities);
        }
    }

    private static void check(Actions.Score request, Decoder model, int[] ids, int length) {
        if (length > model.config().context()) {
            throw new IllegalArgumentException(request.tokens() + ": rows have " + length
                    + " tokens, but the model's context is " + model.config().context() + "; cut them");
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= model.vocabulary()) {
                throw new IllegalArgumentException(
                        request.tokens() + ": " + INPUT + "[" + i / length + ", " + i % length + "] is " + ids[i]
                                + ", the model's vocabulary is 0 to " + (model.vocabulary() - 1));
            }
        }
    }

    private static float[] logits(Decoder model, int[] tokens) {
        try (Tape tape = model.evaluationTape();
                Batch batch = Batch.allocate(model.compute().memory(), 1, tokens.length)) {
            int[] positions = new int[tokens.length];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = i;
            }
            batch.set(0, tokens, tokens, positions, new int[tokens.length]);
            Tensor logits = model.logits(tape, batch);
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }

    private static void logProbabilities(float[] logits, int[] tokens, int vocabulary, float[] into, int at) {
        for (int t = 0; t + 1 < tokens.length; t++) {
            int from = t * vocabulary;
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < vocabulary; i++) {
                largest = Math.max(largest, logits[from + i]);
            }
            double sum = 0;
            for (int i = 0; i < vocabulary; i++) {
                sum += Math.exp(logits[from + i] - largest);
            }
            into[at + t] = (float) (logits[from + tokens[t + 1]] - largest - Math.log(sum));
        }
    }

    private void report(Actions.Score request, int rows, int length, float[] logProbabilities) throws IOException {
        double sum = 0;
        for (float value : logProbabilities) {
            sum += value;
        }
        double mean = logProbabilities.length == 0 ? 0 : sum / logProbabilities.length;
        if (request.json()) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("rows", rows);
            facts.put("tokens", length);
            facts.put("mean_logprob", mean);
            facts.put("perplexity", Math.exp(-mean));
            facts.put("out", request.out().toString());
            console.out().println(new ObjectMapper().writeValueAsString(facts));
            return;
        }
        console.out()
                .printf(
                        Locale.ROOT,
                        "%d x %d tokens, mean log-probability %.6f, perplexity %.3f; written to %s%n",
                        rows,
                        length,
                        mean,
                        Math.exp(-mean),
                        request.out());
    }
}
