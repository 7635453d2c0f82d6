package dev.braid.trainer.action;

import dev.braid.data.PreparedData;
import dev.braid.data.Sample;
import dev.braid.data.Sampler;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.trainer.train.TrainingData;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Prepared data as a training run sees it. */
final class PreparedTrainingData implements TrainingData {
    private final PreparedData data;
    private final Sampler sampler;

    PreparedTrainingData(PreparedData data, long seed) {
        this.data = data;
        this.sampler = data.sampler(seed);
    }

    @Override
    public Sample training(long index) {
        return sampler.sample(index);
    }

    @Override
    public long epoch(long index) {
        return sampler.epoch(index);
    }

    @Override
    public List<Sample> validation() {
        List<Sample> samples = new ArrayList<>();
        for (long i = 0; i < data.validationSamples(); i++) {
            samples.add(data.validation(i));
        }
        return samples;
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return Optional.of(data.tokenizer());
    }

    @Override
    public boolean hasAnswers() {
        return false;
    }

    @Override
    public int vocabulary() {
        return data.tokenizer().size();
    }

    @Override
    public String fingerprint() {
        return data.fingerprint();
    }
}
