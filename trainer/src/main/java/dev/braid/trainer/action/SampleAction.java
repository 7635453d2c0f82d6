package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.train.Generation;
import dev.braid.trainer.train.TokenChooser;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code braid sample}: text from the model, shown as it comes. */
final class SampleAction {
    private final Console console;

    SampleAction(Console console) {
        this.console = console;
    }

    void run(Actions.Sample request) throws IOException {
        TokenChooser chooser = new TokenChooser(request.temperature(), request.topP(), request.seed());
        try (SavedModel saved = SavedModel.open(request.checkpoint())) {
            Tokenizer tokenizer = saved.requireTokenizer();
            int[] prompt = tokenizer.encode(request.prompt());
            if (prompt.length == 0) {
                // A document begins behind the end of another.
                prompt = new int[] {tokenizer.endOfText()};
            }
            int room = saved.model().config().context() - prompt.length;
            if (room < 1) {
                throw new IllegalArgumentException(
                        "--prompt has " + prompt.length + " tokens, but the model's context is "
                                + saved.model().config().context() + "; shorten it");
            }
            int count = Math.min(request.tokens(), room);
            if (count < request.tokens()) {
                console.err()
                        .println("note: only " + count + " tokens fit behind the prompt into the model's context of "
                                + saved.model().config().context());
            }
            Printer printer = new Printer(tokenizer, count, request.json() ? null : console);
            printer.begin(request.prompt());
            int[] tokens = Generation.run(saved.model(), prompt, count, chooser, tokenizer.endOfText(), printer::token);
            printer.end();
            if (request.json()) {
                Map<String, Object> facts = new LinkedHashMap<>();
                facts.put("prompt", request.prompt());
                facts.put("text", tokenizer.decode(tokens));
                facts.put("tokens", tokens.length);
                facts.put("ended", tokens.length < count);
                console.out().println(new ObjectMapper().writeValueAsString(facts));
            }
        }
    }

    /** Shows text as tokens come; bytes of an unfinished character wait for the next token. */
    private static final class Printer {
        private final Tokenizer tokenizer;
        private final int[] tokens;
        private final Console console;
        private int count;
        private int shown;

        Printer(Tokenizer tokenizer, int most, Console console) {
            this.tokenizer = tokenizer;
            this.tokens = new int[most];
            this.console = console;
        }

        void begin(String prompt) {
            if (console != null) {
                console.out().print(prompt);
                console.out().flush();
            }
        }

        void token(int id) {
            tokens[count++] = id;
            if (console != null) {
                show(false);
            }
        }

        void end() {
            if (console != null) {
                show(true);
                console.out().println();
            }
        }

        private void show(boolean all) {
            String text = tokenizer.decode(Arrays.copyOf(tokens, count));
            int ready = text.length();
            while (!all && ready > shown && text.charAt(ready - 1) == '\uFFFD') {
                ready--;
            }
            if (ready > shown) {
                console.out().print(text.substring(shown, ready));
                console.out().flush();
                shown = ready;
            }
        }
    }
}
