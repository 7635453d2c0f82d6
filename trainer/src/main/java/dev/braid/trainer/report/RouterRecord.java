package dev.braid.trainer.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the router of one layer did in a step, over all ranks. Immutable.
 *
 * @param layer from 0
 * @param maxOverMean tokens of the busiest expert over those of an expert in the mean; 1 in balance
 * @param dropRate part of the choices that an expert had no room for, 0 to 1; empty where experts have no capacity
 * @param entropy mean entropy of a token's probabilities, in nats
 * @param balanceLoss {@code E sum_e f_e P_e} of the whole step; 1 in balance
 * @param zLoss mean of logsumexp(logits)^2
 * @param biasLow smallest balance bias; empty where there is none
 * @param biasHigh largest one
 * @param counts tokens that chose each expert, those that it had no room for too; empty in steps that leave them out
 */
public record RouterRecord(
        int layer,
        double maxOverMean,
        OptionalDouble dropRate,
        double entropy,
        double balanceLoss,
        double zLoss,
        OptionalDouble biasLow,
        OptionalDouble biasHigh,
        List<Long> counts) {
    /** Experts of all layers up to which every step tells the counts. */
    private static final int COUNTS_A_STEP = 512;

    public RouterRecord {
        counts = List.copyOf(counts);
    }

    /**
     * Whether the record of a step tells the counts: of many experts only some steps do, so that the file stays small.
     *
     * @param experts of all layers together
     */
    public static boolean tellsCounts(long step, int experts) {
        return step % Math.max(1, Math.ceilDiv(experts, COUNTS_A_STEP)) == 0;
    }

    /** The layer whose experts are the least evenly busy, the first of several; empty for a model without any. */
    public static Optional<RouterRecord> worst(List<RouterRecord> routers) {
        return routers.stream()
                .max(Comparator.comparingDouble(RouterRecord::maxOverMean)
                        .thenComparing(RouterRecord::layer, Comparator.reverseOrder()));
    }

    /** The part of all choices of a step that was dropped; empty where no layer has a capacity. */
    public static OptionalDouble dropRate(List<RouterRecord> routers) {
        return routers.stream()
                .filter(router -> router.dropRate.isPresent())
                .mapToDouble(router -> router.dropRate.getAsDouble())
                .average();
    }

    void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeNumberField("layer", layer);
        json.writeNumberField("max_over_mean", maxOverMean);
        write(json, "drop_rate", dropRate);
        json.writeNumberField("entropy", entropy);
        json.writeNumberField("balance_loss", balanceLoss);
        json.writeNumberField("z_loss", zLoss);
        write(json, "bias_low", biasLow);
        write(json, "bias_high", biasHigh);
        if (!counts.isEmpty()) {
            json.writeArrayFieldStart("counts");
            for (long count : counts) {
                json.writeNumber(count);
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String key, OptionalDouble value) throws IOException {
        if (value.isPresent()) {
            json.writeNumberField(key, value.getAsDouble());
        }
    }

    /** Reads what {@link #write} wrote for each layer; nothing where the key is missing. */
    static List<RouterRecord> read(JsonNode all) {
        if (!all.isMissingNode() && !all.isArray()) {
            throw new IllegalArgumentException("key 'routers' is " + all + ", not an array");
        }
        List<RouterRecord> routers = new ArrayList<>();
        for (JsonNode node : all) {
            List<Long> counts = new ArrayList<>();
            node.path("counts").forEach(count -> counts.add(count.longValue()));
            routers.add(new RouterRecord(
                    Math.toIntExact(StepRecord.whole(node, "layer")),
                    StepRecord.number(node, "max_over_mean"),
                    StepRecord.optional(node, "drop_rate"),
                    StepRecord.number(node, "entropy"),
                    StepRecord.number(node, "balance_loss"),
                    StepRecord.number(node, "z_loss"),
                    StepRecord.optional(node, "bias_low"),
                    StepRecord.optional(node, "bias_high"),
                    counts));
        }
        return routers;
    }
}
