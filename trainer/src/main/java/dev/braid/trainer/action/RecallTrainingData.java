package dev.braid.trainer.action;

import dev.braid.data.RecallSamples;
import dev.braid.data.Sample;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.trainer.train.TrainingData;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A generated recall task as a training run sees it. */
record RecallTrainingData(RecallSamples samples) implements TrainingData {
    @Override
    public Sample training(long index) {
        return samples.training(index);
    }

    /** No sequence comes again, so the first epoch never ends. */
    @Override
    public long epoch(long index) {
        return 0;
    }

    @Override
    public List<Sample> validation() {
        List<Sample> all = new ArrayList<>();
        for (int i = 0; i < samples.validationSamples(); i++) {
            all.add(samples.validation(i));
        }
        return all;
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return Optional.empty();
    }

    @Override
    public boolean hasAnswers() {
        return true;
    }

    @Override
    public int vocabulary() {
        return samples.vocabulary();
    }

    @Override
    public String fingerprint() {
        return samples.fingerprint();
    }
}
