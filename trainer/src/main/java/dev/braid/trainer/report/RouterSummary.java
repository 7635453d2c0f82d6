package dev.braid.trainer.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a router did, as values of a TensorBoard summary: its figures, and the load of the experts as a histogram over them. */
final class RouterSummary {
    private RouterSummary() {}

    /** Values of a summary, one after the other. */
    static byte[] of(RouterRecord router) {
        String prefix = "routers/" + router.layer() + "/";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(EventFile.value(prefix + "max_over_mean", router.maxOverMean()));
        router.dropRate().ifPresent(rate -> out.writeBytes(EventFile.value(prefix + "drop_rate", rate)));
        out.writeBytes(EventFile.value(prefix + "entropy", router.entropy()));
        out.writeBytes(EventFile.value(prefix + "balance_loss", router.balanceLoss()));
        out.writeBytes(EventFile.value(prefix + "z_loss", router.zLoss()));
        router.biasLow().ifPresent(bias -> out.writeBytes(EventFile.value(prefix + "bias_low", bias)));
        router.biasHigh().ifPresent(bias -> out.writeBytes(EventFile.value(prefix + "bias_high", bias)));
        if (!router.counts().isEmpty()) {
            out.writeBytes(histogram(prefix + "load", router.counts()));
        }
        return out.toByteArray();
    }

    /**
     * Summary.value (1) of Value: tag (1), histo (5) of HistogramProto: min (1), max (2), num (3), sum (4), sum_squares (5), then the
     * upper ends of the buckets (6) and what is in them (7), packed doubles. Expert e has the bucket from e - 1/2 to e + 1/2.
     */
    private static byte[] histogram(String tag, List<Long> counts) {
        double number = 0;
        double sum = 0;
        double squares = 0;
        ByteBuffer limits = doubles(counts.size() + 1);
        ByteBuffer buckets = doubles(counts.size() + 1);
        limits.putDouble(-0.5);
        buckets.putDouble(0);
        for (int expert = 0; expert < counts.size(); expert++) {
            double count = counts.get(expert);
            number += count;
            sum += count * expert;
            squares += count * expert * expert;
            limits.putDouble(expert + 0.5);
            buckets.putDouble(count);
        }
        ByteArrayOutputStream histogram = new ByteArrayOutputStream();
        double[] figures = {-0.5, counts.size() - 0.5, number, sum, squares};
        for (int i = 0; i < figures.length; i++) {
            histogram.write((i + 1) << 3 | 1);
            histogram.writeBytes(doubles(1).putDouble(figures[i]).array());
        }
        histogram.writeBytes(EventFile.field(6, limits.array()));
        histogram.writeBytes(EventFile.field(7, buckets.array()));
        ByteArrayOutputStream value = new ByteArrayOutputStream();
        value.writeBytes(EventFile.field(1, tag.getBytes(StandardCharsets.UTF_8)));
        value.writeBytes(EventFile.field(5, histogram.toByteArray()));
        return EventFile.field(1, value.toByteArray());
    }

    private static ByteBuffer doubles(int count) {
        return ByteBuffer.allocate(count * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }
}
