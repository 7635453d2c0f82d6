package dev.braid.trainer.train;

import dev.braid.data.Sample;
import java.util.List;
import java.util.Map;

/** What a run needs of its data. Pure: the same question always has the same answer. */
public interface TrainingData {
    /** Sample {@code index} (global, from 0) of the endless training stream. */
    Sample training(long index);

    /** Epoch, from 0, that training sample {@code index} belongs to. */
    long epoch(long index);

    /** All validation samples, in order; empty when nothing is kept for validation. */
    List<Sample> validation();

    /** Files of the tokenizer by name, for checkpoints. */
    Map<String, byte[]> tokenizerFiles();

    /** Number of token ids. */
    int vocabulary();

    /** Changes when any sample would. */
    String fingerprint();

    /** Text of token ids. */
    String decode(int[] tokens);

    /** The id that ends a document. */
    int endOfText();
}
