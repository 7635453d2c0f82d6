package dev.braid.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.braid.data.DataException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads the {@code pre_tokenizer} of a {@code tokenizer.json}. */
final class SplitterJson {
    private static final String NUMBERS = "\\p{N}";

    private final String place;

    SplitterJson(String place) {
        this.place = place;
    }

    WordSplitter read(JsonNode node) {
        List<JsonNode> steps = new ArrayList<>();
        if (node.path("type").asText().equals("Sequence")) {
            node.path("pretokenizers").forEach(steps::add);
        } else {
            steps.add(node);
        }
        int last = steps.size() - 1;
        if (last < 0 || !type(steps.get(last)).equals("ByteLevel")) {
            throw refuse(
                    TokenizerJson.brief(node), "ByteLevel, or a Sequence of Split and Digits that ends with ByteLevel");
        }
        List<WordSplitter> splitters = new ArrayList<>();
        for (int step = 0; step < last; step++) {
            splitters.add(splitter(steps.get(step)));
        }
        JsonNode byteLevel = steps.get(last);
        if (byteLevel.path("add_prefix_space").asBoolean(true)) {
            throw refuse("ByteLevel with add_prefix_space true", "add_prefix_space false");
        }
        if (byteLevel.path("use_regex").asBoolean(true)) {
            splitters.add(new Gpt2Splitter());
        }
        return splitters.isEmpty()
                ? new NoSplitter()
                : splitters.size() == 1 ? splitters.get(0) : new ChainSplitter(splitters);
    }

    private static String type(JsonNode node) {
        return node.path("type").asText();
    }

    private DataException refuse(String found, String allowed) {
        return new DataException(
                place + ": pre_tokenizer is " + found + "; allowed here: " + allowed
                        + ". Braid carries out byte-level BPE (as of GPT-2, Llama 3, Qwen) and refuses what it would encode differently");
    }

    private WordSplitter splitter(JsonNode step) {
        return switch (type(step)) {
            case "Split" -> split(step);
            case "Digits" ->
                new RegexSplitter(
                        Pattern.compile(step.path("individual_digits").asBoolean() ? NUMBERS : NUMBERS + "+"), true);
            default ->
                throw refuse("a Sequence with " + TokenizerJson.brief(step), "Split and Digits before ByteLevel");
        };
    }

    private WordSplitter split(JsonNode step) {
        String behavior = step.path("behavior").asText();
        boolean invert = step.path("invert").asBoolean();
        boolean onlyMatches = behavior.equals("Removed") && invert;
        if (!behavior.equals("Isolated") && !onlyMatches) {
            throw refuse(
                    "Split with behavior " + behavior + " and invert " + invert,
                    "Isolated, or Removed with invert true");
        }
        JsonNode pattern = step.path("pattern");
        String regex = pattern.has("Regex")
                ? pattern.get("Regex").asText()
                : Pattern.quote(pattern.path("String").asText());
        if (regex.equals(Gpt2Splitter.PATTERN)) {
            return new Gpt2Splitter();
        }
        if (pattern.has("Regex")) {
            String unsure = RegexDialect.unsure(regex);
            if (!unsure.isEmpty()) {
                throw refuse(
                        "Split by a pattern with " + unsure, "patterns that Java's regex engine reads in the same way");
            }
        }
        try {
            return new RegexSplitter(Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS), !onlyMatches);
        } catch (PatternSyntaxException problem) {
            throw new DataException(
                    place + ": pre_tokenizer has a pattern that can't be read: " + problem.getDescription(), problem);
        }
    }
}
