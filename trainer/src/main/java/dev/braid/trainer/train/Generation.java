package dev.braid.trainer.train;

import dev.braid.models.DecodeState;
import dev.braid.models.Decoder;
import java.util.Arrays;
import java.util.function.Consumer;

/** Decoding token by token. */
public final class Generation {
    private Generation() {}

    /**
     * Continues {@code prompt} by at most {@code count} tokens; ends before {@code endOfText}.
     *
     * @param heard is told each token as it comes
     */
    public static int[] run(
            Decoder model, int[] prompt, int count, TokenChooser chooser, int endOfText, Consumer<Integer> heard) {
        int[] tokens = new int[count];
        int length = 0;
        try (DecodeState decoding = model.newState(prompt.length + count)) {
            float[] logits = model.step(decoding, prompt);
            while (length < count) {
                int next = chooser.choose(logits);
                if (next == endOfText) {
                    break;
                }
                tokens[length++] = next;
                heard.accept(next);
                if (length < count) {
                    logits = model.step(decoding, new int[] {next});
                }
            }
        }
        return Arrays.copyOf(tokens, length);
    }
}
