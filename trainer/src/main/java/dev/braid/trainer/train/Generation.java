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
        try (DecodeState decoding = model.newState(prompt.length + count)) {
            return run(prompt, count, tokens -> chooser.choose(model.step(decoding, tokens)), endOfText, heard);
        }
    }

    /** Takes in the next tokens and says which one follows. */
    interface Next {
        int after(int[] tokens);
    }

    static int[] run(int[] prompt, int count, Next next, int endOfText, Consumer<Integer> heard) {
        int[] tokens = new int[count];
        int length = 0;
        int[] taken = prompt;
        while (length < count) {
            int token = next.after(taken);
            if (token == endOfText) {
                break;
            }
            tokens[length++] = token;
            heard.accept(token);
            taken = new int[] {token};
        }
        return Arrays.copyOf(tokens, length);
    }
}
