package dev.braid.data.tokenizer;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds added tokens in a text: the leftmost, and of those the longest. Immutable. */
final class AddedTokens {
    private final Map<String, Integer> ids;
    private final Pattern pattern;

    AddedTokens(List<AddedToken> tokens, Predicate<AddedToken> wanted) {
        List<AddedToken> chosen = tokens.stream()
                .filter(wanted)
                .filter(token -> !token.content().isEmpty())
                .sorted(Comparator.comparing(token -> -token.content().length()))
                .toList();
        ids = chosen.stream().collect(Collectors.toMap(AddedToken::content, AddedToken::id, (first, second) -> first));
        pattern = chosen.isEmpty()
                ? null
                : Pattern.compile(chosen.stream()
                        .map(token -> Pattern.quote(token.content()))
                        .collect(Collectors.joining("|")));
    }

    boolean isEmpty() {
        return pattern == null;
    }

    /** Hands over the text between the tokens, and the tokens, in order. */
    void split(String text, Consumer<String> between, IntConsumer token) {
        if (pattern == null) {
            between.accept(text);
            return;
        }
        Matcher matcher = pattern.matcher(text);
        int done = 0;
        while (matcher.find()) {
            between.accept(text.substring(done, matcher.start()));
            token.accept(ids.get(matcher.group()));
            done = matcher.end();
        }
        between.accept(text.substring(done));
    }

    /** The ids by content. */
    static Map<String, Integer> byContent(List<AddedToken> tokens) {
        return tokens.stream().collect(Collectors.toMap(AddedToken::content, AddedToken::id, (first, second) -> first));
    }
}
