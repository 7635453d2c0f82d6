package dev.braid.trainer.action;

import dev.braid.data.DataReport;
import dev.braid.data.PreparedData;
import dev.braid.data.store.Split;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.train.TrainingData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Prepared text. */
record TextData(PreparedData data) implements RunData {
    @Override
    public TrainingData training(long seed) {
        return new PreparedTrainingData(data, seed);
    }

    @Override
    public String describe() {
        return "data: " + Format.count(data.index().tokens(Split.TRAIN)) + " training tokens in "
                + Format.grouped(data.samplesPerEpoch()) + " samples an epoch, "
                + Format.grouped(data.validationSamples()) + " validation samples; "
                + data.tokenizer().describe()
                + (data.isReused() ? " (prepared before)" : "");
    }

    @Override
    public List<String> notes() {
        return data.notes();
    }

    @Override
    public String folder() {
        return data.location().folder();
    }

    @Override
    public String report(long samples) {
        return DataReport.mixture(data, samples);
    }

    @Override
    public String samples(long seed, int count) {
        return DataReport.samples(data, seed, count);
    }

    @Override
    public Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("folder", folder());
        facts.put("fingerprint", data.fingerprint());
        facts.put("reused", data.isReused());
        facts.put("vocabulary", data.tokenizer().size());
        facts.put("samples_per_epoch", data.samplesPerEpoch());
        facts.put("validation_samples", data.validationSamples());
        facts.put("sources", data.index().sources());
        return facts;
    }

    @Override
    public void close() {
        data.close();
    }
}
