package dev.braid.trainer.action;

import dev.braid.data.RecallConfig;
import dev.braid.data.RecallSamples;
import dev.braid.trainer.train.TrainingData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Generated sequences of a recall task. There is nothing to prepare, to open or to close.
 *
 * @param sequence tokens of each
 */
record RecallData(RecallConfig config, int sequence) implements RunData {
    @Override
    public TrainingData training(long seed) {
        return new RecallTrainingData(new RecallSamples(config, sequence, seed));
    }

    @Override
    public String describe() {
        return "data: " + new RecallSamples(config, sequence, 0).describe();
    }

    @Override
    public List<String> notes() {
        return List.of();
    }

    @Override
    public String folder() {
        return "";
    }

    @Override
    public String report(long samples) {
        return describe() + "\n";
    }

    @Override
    public String samples(long seed, int count) {
        RecallSamples generator = new RecallSamples(config, sequence, seed);
        StringBuilder text = new StringBuilder();
        for (int sample = 0; sample < count; sample++) {
            text.append("--- sample ").append(sample).append('\n');
            text.append(generator.text(generator.training(sample))).append('\n');
        }
        return text.toString();
    }

    @Override
    public Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("fingerprint", new RecallSamples(config, sequence, 0).fingerprint());
        facts.put("vocabulary", config.vocab());
        facts.put("validation_samples", config.validation());
        return facts;
    }

    @Override
    public void close() {}
}
