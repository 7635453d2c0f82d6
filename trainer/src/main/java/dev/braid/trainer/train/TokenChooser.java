package dev.braid.trainer.train;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Chooses the next token from logits: the likeliest at temperature 0, else drawn from the likeliest share {@code topP}. */
public final class TokenChooser {
    private final double temperature;
    private final double topP;
    private final SplittableRandom random;

    /**
     * A chooser.
     *
     * @param temperature divides the logits; 0 always takes the likeliest token
     * @param topP from above 0 to 1: only the likeliest tokens that together reach this probability are drawn
     */
    public TokenChooser(double temperature, double topP, long seed) {
        if (!(temperature >= 0)) {
            throw new IllegalArgumentException("--temperature is " + temperature + ", must not be negative");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("--top-p is " + topP + ", must be above 0 and at most 1");
        }
        this.temperature = temperature;
        this.topP = topP;
        this.random = new SplittableRandom(seed);
    }

    /** The next token's id. */
    public int choose(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        if (temperature == 0) {
            return best;
        }
        Token[] tokens = new Token[logits.length];
        double total = 0;
        for (int i = 0; i < logits.length; i++) {
            double weight = Math.exp((logits[i] - logits[best]) / temperature);
            tokens[i] = new Token(i, weight);
            total += weight;
        }
        Arrays.sort(tokens, (a, b) -> Double.compare(b.weight, a.weight));
        double kept = 0;
        int count = 0;
        while (count < tokens.length && (count == 0 || kept < topP * total)) {
            kept += tokens[count++].weight;
        }
        double draw = random.nextDouble() * kept;
        for (int i = 0; i < count; i++) {
            draw -= tokens[i].weight;
            if (draw < 0) {
                return tokens[i].id;
            }
        }
        return tokens[count - 1].id;
    }

    private record Token(int id, double weight) {}
}
