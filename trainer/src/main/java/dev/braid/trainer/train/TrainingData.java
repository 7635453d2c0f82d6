package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.data.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;

/** What a run needs of its data. Pure: the same question always has the same answer. */
public interface TrainingData {
    /** Sample {@code index} (global, from 0) of the endless training stream. */
    Sample training(long index);

    /** Epoch, from 0, that training sample {@code index} belongs to. */
    long epoch(long index);

    /** All validation samples, in order; empty when nothing is kept for validation. */
    List<Sample> validation();

    /** What makes token ids of text and text of them; empty where the ids were never text. */
    Optional<Tokenizer> tokenizer();

    /** Whether the labels have one right answer each, so that validation tells how many are right. */
    boolean hasAnswers();

    /** Number of token ids. */
    int vocabulary();

    /** Changes when any sample would. */
    String fingerprint();
}
