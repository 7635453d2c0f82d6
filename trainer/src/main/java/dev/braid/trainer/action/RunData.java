package dev.braid.trainer.action;

import dev.braid.trainer.train.TrainingData;
import java.util.List;
import java.util.Map;

/** The data of a run, open. Any thread may read; close it when nobody does. */
interface RunData extends AutoCloseable {
    /** What a run with {@code seed} trains on. */
    TrainingData training(long seed);

    /** One line for people on what it is. */
    String describe();

    /** What a person should know before training on it; empty when all is as asked for. */
    List<String> notes();

    /** Address of the folder it was prepared in; empty for what every rank generates itself. */
    String folder();

    /** What it consists of, for a run that takes {@code samples}; lines for people. */
    String report(long samples);

    /** The first {@code count} training samples of a run with {@code seed}, readable. */
    String samples(long seed, int count);

    /** The same as {@link #report} for programs: a JSON object's keys and values. */
    Map<String, Object> facts();

    @Override
    void close();
}
