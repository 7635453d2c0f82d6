package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.Bits;
import dev.braid.trainer.action.TinyExperiment;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training in an executor of its own gives the losses of training in the driver's JVM. */
@Tag("submit")
class TrainedBySubmitTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);

    @TempDir
    private Path folder;

    @Test
    void shouldTrainInAnExecutorAsInTheDriver() throws IOException, InterruptedException {
        TinyExperiment tiny = new TinyExperiment(folder);
        SubmittedSpark spark = new SubmittedSpark("train");
        SubmittedSpark.Outcome submitted =
                spark.braid(DEADLINE, "train", tiny.config().toString(), "-s", "output=" + tiny.run("submitted"));
        assertThat(submitted.exit())
                .as("%s%n%s%n%s", submitted.output(), submitted.errors(), spark.executorLogs())
                .isZero();
        BraidProcess local =
                BraidProcess.start(folder, "train", tiny.config().toString(), "-s", "output=" + tiny.run("local"));
        assertThat(local.waitFor(DEADLINE)).as(local.output()).isZero();
        assertThat(tiny.losses("submitted")).hasSize(10).isEqualTo(tiny.losses("local"));
        Bits.assertSame(tiny.tensors("submitted"), tiny.tensors("local"));
    }
}
