package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.checkpoint.CheckpointWriter;
import dev.braid.checkpoint.huggingface.HuggingFaceExport;
import dev.braid.checkpoint.huggingface.HuggingFaceImport;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.MultiTokenConfig;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.cli.RunFailedException;
import dev.braid.trainer.huggingface.HuggingFaceTypes;
import dev.braid.trainer.huggingface.HuggingFaceTypes.ModelFolder;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.train.ModelCheckpoint;
import dev.braid.trainer.train.StreamedStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code braid export} and {@code braid import}. */
final class ExchangeAction {
    private static final int TOKENS_CHECKED = 32;

    private final Console console;

    ExchangeAction(Console console) {
        this.console = console;
    }

    void exportModel(Actions.Export request) throws IOException {
        try (SavedModel saved = SavedModel.stream(request.checkpoint())) {
            OptionalInt endOfText = saved.tokenizer()
                    .map(Tokenizer::endOfText)
                    .map(OptionalInt::of)
                    .orElse(OptionalInt.empty());
            // Modules that predict further tokens are for training alone: the model is the same without them.
            ModelConfig config = saved.model().config().withMtp(Optional.empty());
            HuggingFaceExport.write(
                    HuggingFaceTypes.describe(config, saved.model().vocabulary(), endOfText),
                    ModelCheckpoint.weights(saved.checkpoint()).only(name -> !MultiTokenConfig.ownsParameter(name)),
                    DType.F32,
                    ModelCheckpoint.tokenizerFiles(saved.checkpoint()),
                    request.out());
            float difference = difference(saved.model(), request);
            if (!(difference == 0)) {
                throw new RunFailedException(
                        "the export in " + request.out() + " does not give the checkpoint's logits: they differ by "
                                + difference,
                        null);
            }
            report(request, saved, difference);
        }
    }

    /** Largest difference between the logits of the checkpoint's model and of the folder that was just written. */
    private static float difference(Decoder model, Actions.Export request) throws IOException {
        ModelFolder written = HuggingFaceTypes.read(request.out());
        try (HuggingFaceImport folder = HuggingFaceImport.open(request.out(), written.tensors());
                Compute compute = SavedModel.newCompute()) {
            Decoder read = new Decoder(
                    written.model(), written.vocabulary(), compute, DType.F32, StreamedStore.layout(folder.weights()));
            float[] expected = logits(model);
            float[] found = logits(read);
            float largest = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i] - found[i]));
            }
            return largest;
        }
    }

    private static float[] logits(Decoder model) {
        int length = Math.min(TOKENS_CHECKED, model.config().context());
        int[] tokens = new int[length];
        int[] positions = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = (int) ((i * 7919L + 13) % model.vocabulary());
            positions[i] = i;
        }
        try (Tape tape = model.evaluationTape();
                Batch batch = Batch.allocate(model.compute().memory(), 1, length)) {
            batch.set(0, tokens, tokens, positions, new int[length]);
            Tensor logits = model.logits(tape, batch);
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }

    private void report(Actions.Export request, SavedModel saved, float difference) throws IOException {
        boolean tokenizer = saved.tokenizer().isPresent();
        long dropped = saved.model().architecture().parameters().specs().stream()
                .filter(spec -> MultiTokenConfig.ownsParameter(spec.name()))
                .mapToLong(spec -> spec.shape().count())
                .sum();
        long parameters = saved.model().parameterCount() - dropped;
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("checkpoint", saved.checkpoint().location());
        facts.put("out", request.out().toString());
        facts.put("parameters", parameters);
        facts.put("parameters_of_mtp_left_out", dropped);
        facts.put("tokenizer", tokenizer);
        facts.put("largest_logit_difference", difference);
        if (request.json()) {
            console.out().println(new ObjectMapper().writeValueAsString(facts));
            return;
        }
        console.out()
                .println("exported " + saved.checkpoint().location() + " to " + request.out() + ": "
                        + Format.count(parameters) + " parameters in f32"
                        + (dropped > 0 ? ", without the " + Format.count(dropped) + " of multi-token prediction" : "")
                        + (tokenizer ? ", with the tokenizer" : ", without a tokenizer (the checkpoint has none)")
                        + "; read again, the logits differ by " + difference);
        console.out().println("Load it:  AutoModelForCausalLM.from_pretrained(\"" + request.out() + "\")");
    }

    void importModel(Actions.Import request) throws IOException {
        ModelFolder read = HuggingFaceTypes.read(request.folder());
        try (HuggingFaceImport folder = HuggingFaceImport.open(request.folder(), read.tensors())) {
            try (CheckpointWriter writer = CheckpointWriter.create(request.out(), 0)) {
                ModelCheckpoint.saveWeights(
                        writer, folder.weights(), read.model(), read.vocabulary(), folder.tokenizerFiles());
            }
            long parameters = folder.weights().names().stream()
                    .mapToLong(name -> folder.weights().shape(name).count())
                    .sum();
            List<String> notes = new ArrayList<>(read.notes());
            notes.addAll(folder.notes());
            if (request.json()) {
                Map<String, Object> facts = new LinkedHashMap<>();
                facts.put("folder", request.folder().toString());
                facts.put("out", request.out().toString());
                facts.put("parameters", parameters);
                facts.put("tokenizer", !folder.tokenizerFiles().isEmpty());
                facts.put("notes", notes);
                console.out().println(new ObjectMapper().writeValueAsString(facts));
                return;
            }
            notes.forEach(note -> console.err().println("note: " + note));
            console.out()
                    .println("imported " + request.folder() + " to the checkpoint " + request.out() + ": "
                            + Format.count(parameters) + " parameters, "
                            + read.model().layers() + " layers, vocabulary "
                            + read.vocabulary());
        }
    }
}
