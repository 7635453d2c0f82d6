package dev.braid.trainer.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is known of a completed optimizer step; one line of {@code metrics.jsonl}. Immutable.
 *
 * @param step from 1
 * @param loss mean training loss of the step in nats a token, before the update; a float is widened, which keeps its bits
 * @param gradNorm global gradient norm before clipping
 * @param lr learning rate of the update
 * @param tokensPerSecond of this step
 * @param tokens trained on so far, this step included
 * @param valLoss mean validation loss after the update, when it was evaluated
 * @param valAccuracy part of the validation's answers that were right, 0 to 1, for data that has answers
 * @param modelFlopsPerSecond model FLOP/s of this step, without recomputation; 0 when unknown
 * @param peakShare {@code modelFlopsPerSecond} as a part of the measured matmul peak, 0 to 1
 * @param peakMemoryBytes most tensor memory of one rank so far; 0 when unknown
 * @param skipped the gradient was not finite: the weights did not change
 * @param skippedSteps number of such steps so far, this one included
 * @param epoch from 1
 * @param seconds training time so far, over all attempts
 * @param attempt from 1; each resume adds one
 * @param waits of rank 0 for other ranks, in this step
 * @param mtpLosses mean training loss of each module of multi-token prediction, in nats a token that counts for it
 * @param routers what the routers did in this step, by layer; empty for a model without any
 */
public record StepRecord(
        long step,
        double loss,
        double gradNorm,
        double lr,
        double tokensPerSecond,
        long tokens,
        OptionalDouble valLoss,
        OptionalDouble valAccuracy,
        double modelFlopsPerSecond,
        OptionalDouble peakShare,
        long peakMemoryBytes,
        boolean skipped,
        long skippedSteps,
        int epoch,
        double seconds,
        int attempt,
        Waits waits,
        List<Double> mtpLosses,
        List<RouterRecord> routers) {
    private static final String ROUTERS = "routers";
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final ObjectReader READER = reader();

    public StepRecord {
        mtpLosses = List.copyOf(mtpLosses);
        routers = List.copyOf(routers);
        check(step >= 1, "step", step, "at least 1");
        check(tokens >= 0, "tokens", tokens, "at least 0");
        check(skippedSteps >= (skipped ? 1 : 0), "skipped_steps", skippedSteps, "at least 0, and 1 in a skipped step");
        check(epoch >= 1, "epoch", epoch, "at least 1");
        check(attempt >= 1, "attempt", attempt, "at least 1");
    }

    /** A step with what every step has; the {@code with} methods add the rest. */
    public static StepRecord of(
            long step, double loss, double gradNorm, double lr, double tokensPerSecond, long tokens) {
        OptionalDouble none = OptionalDouble.empty();
        return new StepRecord(
                step,
                loss,
                gradNorm,
                lr,
                tokensPerSecond,
                tokens,
                none,
                none,
                0,
                none,
                0,
                false,
                0,
                1,
                0,
                1,
                Waits.NONE,
                List.of(),
                List.of());
    }

    /** With the validation loss after this step. */
    public StepRecord withValLoss(double value) {
        OptionalDouble some = OptionalDouble.of(value);
        return copy(
                some,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                waits);
    }

    /** With the part of the validation's answers that were right. */
    public StepRecord withValAccuracy(double value) {
        return copy(
                valLoss,
                OptionalDouble.of(value),
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                waits);
    }

    /** With model FLOP/s and its share of the measured peak, if that was measured. */
    public StepRecord withFlops(double perSecond, OptionalDouble share) {
        return copy(
                valLoss,
                valAccuracy,
                perSecond,
                share,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                waits);
    }

    /** With the peak of tensor memory in bytes. */
    public StepRecord withPeakMemory(long bytes) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                bytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                waits);
    }

    /** With whether this step was skipped, and how many were so far. */
    public StepRecord withSkips(boolean thisStep, long soFar) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                thisStep,
                soFar,
                epoch,
                seconds,
                attempt,
                waits);
    }

    /** With the epoch that the step's last sample belongs to. */
    public StepRecord withEpoch(int number) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                number,
                seconds,
                attempt,
                waits);
    }

    /** With the training time so far. */
    public StepRecord withSeconds(double soFar) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                soFar,
                attempt,
                waits);
    }

    /** With the number of the attempt. */
    public StepRecord withAttempt(int number) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                number,
                waits);
    }

    /** With what rank 0 waited for in this step. */
    public StepRecord withWaits(Waits of) {
        return copy(
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                of);
    }

    /** With the losses of the modules of multi-token prediction. */
    public StepRecord withMtpLosses(List<Double> losses) {
        return withLists(losses, routers);
    }

    /** With what the routers did. */
    public StepRecord withRouters(List<RouterRecord> of) {
        return withLists(mtpLosses, of);
    }

    private StepRecord withLists(List<Double> newMtpLosses, List<RouterRecord> newRouters) {
        return new StepRecord(
                step,
                loss,
                gradNorm,
                lr,
                tokensPerSecond,
                tokens,
                valLoss,
                valAccuracy,
                modelFlopsPerSecond,
                peakShare,
                peakMemoryBytes,
                skipped,
                skippedSteps,
                epoch,
                seconds,
                attempt,
                waits,
                newMtpLosses,
                newRouters);
    }

    private StepRecord copy(
            OptionalDouble newValLoss,
            OptionalDouble newValAccuracy,
            double newFlops,
            OptionalDouble newShare,
            long newMemory,
            boolean newSkipped,
            long newSkippedSteps,
            int newEpoch,
            double newSeconds,
            int newAttempt,
            Waits newWaits) {
        return new StepRecord(
                step,
                loss,
                gradNorm,
                lr,
                tokensPerSecond,
                tokens,
                newValLoss,
                newValAccuracy,
                newFlops,
                newShare,
                newMemory,
                newSkipped,
                newSkippedSteps,
                newEpoch,
                newSeconds,
                newAttempt,
                newWaits,
                mtpLosses,
                routers);
    }

    /**
     * One line of JSON without a line end. Reading it back gives bit-identical figures; what is not finite stands as the
     * strings "NaN", "Infinity", "-Infinity", which JSON has no numbers for.
     */
    public String toJson() {
        StringWriter text = new StringWriter(300);
        try (JsonGenerator json = FACTORY.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("step", step);
            json.writeNumberField("loss", loss);
            for (int k = 0; k < mtpLosses.size(); k++) {
                json.writeNumberField(mtpKey(k), mtpLosses.get(k));
            }
            if (valLoss.isPresent()) {
                json.writeNumberField("val_loss", valLoss.getAsDouble());
            }
            if (valAccuracy.isPresent()) {
                json.writeNumberField("val_accuracy", valAccuracy.getAsDouble());
            }
            json.writeNumberField("grad_norm", gradNorm);
            json.writeNumberField("lr", lr);
            json.writeNumberField("tokens_per_second", tokensPerSecond);
            json.writeNumberField("tokens", tokens);
            json.writeNumberField("model_flops_per_second", modelFlopsPerSecond);
            if (peakShare.isPresent()) {
                json.writeNumberField("peak_share", peakShare.getAsDouble());
            }
            json.writeNumberField("peak_memory_bytes", peakMemoryBytes);
            json.writeBooleanField("skipped", skipped);
            json.writeNumberField("skipped_steps", skippedSteps);
            json.writeNumberField("epoch", epoch);
            json.writeNumberField("seconds", seconds);
            json.writeNumberField("attempt", attempt);
            if (!waits.seconds().isEmpty()) {
                json.writeNumberField("step_seconds", waits.stepSeconds());
                json.writeObjectFieldStart("exposed_seconds");
                for (Map.Entry<String, Double> axis : waits.seconds().entrySet()) {
                    json.writeNumberField(axis.getKey(), axis.getValue());
                }
                json.writeEndObject();
            }
            if (!routers.isEmpty()) {
                json.writeArrayFieldStart(ROUTERS);
                for (RouterRecord router : routers) {
                    router.write(json);
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException("a string writer failed", impossible);
        }
        return text.toString();
    }

    /**
     * Reads what {@link #toJson} wrote. Keys that a later version may have added are left out.
     *
     * @throws IllegalArgumentException if it is not a JSON object, a key that every step has is missing, or a value has the
     *     wrong kind
     */
    public static StepRecord fromJson(String line) {
        JsonNode node;
        try {
            node = READER.readTree(line);
        } catch (JsonProcessingException malformed) {
            throw new IllegalArgumentException("not a JSON object: " + malformed.getOriginalMessage(), malformed);
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException("not a JSON object");
        }
        return new StepRecord(
                whole(node, "step"),
                number(node, "loss"),
                number(node, "grad_norm"),
                number(node, "lr"),
                number(node, "tokens_per_second"),
                whole(node, "tokens"),
                optional(node, "val_loss"),
                optional(node, "val_accuracy"),
                optional(node, "model_flops_per_second").orElse(0),
                optional(node, "peak_share"),
                wholeOr(node, "peak_memory_bytes", 0),
                node.path("skipped").asBoolean(false),
                wholeOr(node, "skipped_steps", 0),
                Math.toIntExact(wholeOr(node, "epoch", 1)),
                optional(node, "seconds").orElse(0),
                Math.toIntExact(wholeOr(node, "attempt", 1)),
                waits(node),
                mtpLosses(node),
                RouterRecord.read(node.path(ROUTERS)));
    }

    /** {@code mtp_1_loss} for the first module, whose index is 0. */
    static String mtpKey(int index) {
        return "mtp_" + (index + 1) + "_loss";
    }

    private static List<Double> mtpLosses(JsonNode node) {
        List<Double> losses = new ArrayList<>();
        while (node.has(mtpKey(losses.size()))) {
            losses.add(number(node, mtpKey(losses.size())));
        }
        return losses;
    }

    private static Waits waits(JsonNode node) {
        JsonNode axes = node.path("exposed_seconds");
        if (axes.isMissingNode()) {
            return Waits.NONE;
        }
        if (!axes.isObject()) {
            throw new IllegalArgumentException("key 'exposed_seconds' is " + axes + ", not an object");
        }
        SortedMap<String, Double> seconds = new TreeMap<>();
        axes.fieldNames().forEachRemaining(axis -> seconds.put(axis, number(axes, axis)));
        return new Waits(optional(node, "step_seconds").orElse(0), seconds);
    }

    private static ObjectReader reader() {
        ObjectMapper mapper = JsonMapper.builder()
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .build();
        return mapper.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    static double number(JsonNode node, String key) {
        OptionalDouble value = optional(node, key);
        if (value.isEmpty()) {
            throw new IllegalArgumentException("key '" + key + "' is missing");
        }
        return value.getAsDouble();
    }

    static OptionalDouble optional(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (value.isNumber()) {
            return OptionalDouble.of(value.doubleValue());
        }
        return switch (value.asText()) {
            case "NaN" -> OptionalDouble.of(Double.NaN);
            case "Infinity" -> OptionalDouble.of(Double.POSITIVE_INFINITY);
            case "-Infinity" -> OptionalDouble.of(Double.NEGATIVE_INFINITY);
            default -> throw new IllegalArgumentException("key '" + key + "' is " + value + ", not a number");
        };
    }

    static long whole(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new IllegalArgumentException("key '" + key + "' is missing");
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException("key '" + key + "' is " + value + ", not a whole number");
        }
        return value.longValue();
    }

    private static long wholeOr(JsonNode node, String key, long absent) {
        return node.has(key) ? whole(node, key) : absent;
    }

    private static void check(boolean holds, String key, long value, String allowed) {
        if (!holds) {
            throw new IllegalArgumentException("key '" + key + "' is " + value + ", allowed is " + allowed);
        }
    }
}
