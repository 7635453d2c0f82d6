package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StepRecordTest {
    private static final StepRecord FULL = StepRecord.of(120, 3.25, 0.5, 3.0e-3, 12345.5, 491520)
            .withValLoss(3.5)
            .withFlops(3.1e11, OptionalDouble.of(0.41))
            .withPeakMemory(2254857830L)
            .withSkips(false, 2)
            .withEpoch(3)
            .withSeconds(61.25)
            .withAttempt(2);

    @Test
    void shouldWriteOneLineWithTheDocumentedKeys() {
        assertThat(FULL.toJson())
                .isEqualTo("{\"step\":120,\"loss\":3.25,\"val_loss\":3.5,\"grad_norm\":0.5,\"lr\":0.003,"
                        + "\"tokens_per_second\":12345.5,\"tokens\":491520,\"model_flops_per_second\":3.1E11,"
                        + "\"peak_share\":0.41,\"peak_memory_bytes\":2254857830,\"skipped\":false,\"skipped_steps\":2,"
                        + "\"epoch\":3,\"seconds\":61.25,\"attempt\":2}");
    }

    @Test
    void shouldLeaveOutValidationLossWhenItWasNotEvaluated() {
        assertThat(StepRecord.of(1, 1, 1, 1, 1, 1).toJson()).doesNotContain("val_loss");
    }

    @Test
    void shouldKeepTheAccuracyOfAValidationThatHasAnswers() {
        StepRecord record = StepRecord.of(1, 1, 1, 1, 1, 1).withValLoss(0.5).withValAccuracy(0.984375);
        assertThat(record.toJson()).contains("\"val_loss\":0.5,\"val_accuracy\":0.984375,");
        assertThat(StepRecord.fromJson(record.toJson())).isEqualTo(record);
        assertThat(record.withAttempt(2).valAccuracy()).hasValue(0.984375);
        assertThat(FULL.toJson()).doesNotContain("val_accuracy");
    }

    @Test
    void shouldWriteTheWaitsOfTheStepByAxisWhereThereAreSeveralRanks() {
        StepRecord record = StepRecord.of(1, 1, 1, 1, 1, 1)
                .withWaits(Waits.of(0.25, Map.of("world", 0.0078125, "shard", 0.0625)))
                .withEpoch(2);
        assertThat(record.toJson())
                .endsWith(
                        "\"attempt\":1,\"step_seconds\":0.25,\"exposed_seconds\":{\"shard\":0.0625,\"world\":0.0078125}}");
        assertThat(StepRecord.fromJson(record.toJson())).isEqualTo(record);
    }

    @Test
    void shouldWriteTheLossOfEachModuleOfMultiTokenPrediction() {
        StepRecord record = StepRecord.of(1, 5.5, 1, 1, 1, 1)
                .withMtpLosses(List.of(5.75, 6.25))
                .withValLoss(5.25);
        assertThat(record.toJson())
                .startsWith("{\"step\":1,\"loss\":5.5,\"mtp_1_loss\":5.75,\"mtp_2_loss\":6.25,\"val_loss\":5.25,");
        assertThat(StepRecord.fromJson(record.toJson())).isEqualTo(record);
        assertThat(FULL.toJson()).doesNotContain("mtp");
    }

    @Test
    void shouldWriteNoWaitsForARankAlone() {
        assertThat(FULL.toJson()).doesNotContain("exposed_seconds", "step_seconds");
        assertThat(StepRecord.fromJson(FULL.toJson()).waits()).isEqualTo(Waits.NONE);
    }

    @Test
    void shouldReadBackWhatItWrote() {
        assertThat(StepRecord.fromJson(FULL.toJson())).isEqualTo(FULL);
    }

    @Test
    void shouldReadBackBitIdenticalDoublesAndFloats() {
        long seed = 20260101;
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            double loss = Double.longBitsToDouble(random.nextLong());
            float norm = Float.intBitsToFloat(random.nextInt());
            if (Double.isNaN(loss) || Float.isNaN(norm)) {
                continue;
            }
            StepRecord back =
                    StepRecord.fromJson(StepRecord.of(1, loss, norm, -0.0, 1, 1).toJson());
            assertThat(Double.doubleToRawLongBits(back.loss()))
                    .as("seed %d", seed)
                    .isEqualTo(Double.doubleToRawLongBits(loss));
            assertThat(Float.floatToRawIntBits((float) back.gradNorm()))
                    .as("seed %d", seed)
                    .isEqualTo(Float.floatToRawIntBits(norm));
            assertThat(1 / back.lr()).isEqualTo(Double.NEGATIVE_INFINITY);
        }
    }

    @Test
    void shouldWriteNonFiniteFiguresAsStrings() {
        StepRecord record = StepRecord.of(1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1, 1);
        assertThat(record.toJson()).contains("\"loss\":\"NaN\"", "\"grad_norm\":\"Infinity\"", "\"lr\":\"-Infinity\"");
        assertThat(StepRecord.fromJson(record.toJson())).isEqualTo(record);
    }

    @Test
    void shouldReadALineThatHasOnlyTheKeysOfEveryStep() {
        assertThat(
                        StepRecord.fromJson(
                                "{\"step\":2,\"loss\":1,\"grad_norm\":NaN,\"lr\":1e-3,\"tokens_per_second\":5,\"tokens\":64,\"new\":[]}"))
                .isEqualTo(StepRecord.of(2, 1, Double.NaN, 1e-3, 5, 64));
    }

    @Test
    void shouldNameTheKeyWhenALineIsWrong() {
        assertFault("{\"step\":2}", "key 'loss' is missing");
        assertFault("{}", "key 'step' is missing");
        assertFault("{\"step\":1.5}", "key 'step' is 1.5, not a whole number");
        assertFault("{\"step\":1,\"loss\":\"low\"}", "key 'loss' is \"low\", not a number");
        String step = "{\"step\":1,\"loss\":1,\"grad_norm\":1,\"lr\":1,\"tokens_per_second\":1,\"tokens\":1,";
        assertFault(step + "\"exposed_seconds\":3}", "key 'exposed_seconds' is 3, not an object");
        assertFault(step + "\"exposed_seconds\":{\"shard\":\"long\"}}", "key 'shard' is \"long\", not a number");
        assertFault("[1]", "not a JSON object");
        assertFault("", "not a JSON object");
        assertFault("{\"step\":1", "not a JSON object: ");
        assertFault("{\"step\":1} x", "not a JSON object: ");
    }

    @Test
    void shouldRefuseFiguresThatCannotBe() {
        StepRecord record = StepRecord.of(1, 1, 1, 1, 1, 1);
        assertThatThrownBy(() -> StepRecord.of(0, 1, 1, 1, 1, 1)).hasMessage("key 'step' is 0, allowed is at least 1");
        assertThatThrownBy(() -> StepRecord.of(1, 1, 1, 1, 1, -1))
                .hasMessage("key 'tokens' is -1, allowed is at least 0");
        assertThatThrownBy(() -> record.withEpoch(0)).hasMessage("key 'epoch' is 0, allowed is at least 1");
        assertThatThrownBy(() -> record.withAttempt(0)).hasMessage("key 'attempt' is 0, allowed is at least 1");
        assertThatThrownBy(() -> record.withSkips(true, 0))
                .hasMessage("key 'skipped_steps' is 0, allowed is at least 0, and 1 in a skipped step");
    }

    private static void assertFault(String line, String message) {
        assertThatThrownBy(() -> StepRecord.fromJson(line))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
