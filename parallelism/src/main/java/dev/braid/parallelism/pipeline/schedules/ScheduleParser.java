package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.PlacementRules;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads the text form of a schedule and gathers all its faults. */
final class ScheduleParser {
    private static final List<String> KEYS = List.of("name", "ranks", "microbatches", "placement", "settles");
    private static final int MOST_NAMED = 8;
    private static final Pattern LINE = Pattern.compile("\\s*(rank +\\d{1,6}|[a-z]+)\\s*:(.*)");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,6}");
    private static final Pattern WORD = Pattern.compile("\\S+");
    private static final Pattern ACTION = Pattern.compile("(\\d{1,6})([FIWB])(\\d{1,6})");
    private static final Pattern PAIR = Pattern.compile("\\(([^;()]*);([^;()]*)\\)");

    /** A piece of the text and where it begins, both from 1. */
    private record Word(String text, int line, int column) {}

    private final List<String> faults = new ArrayList<>();
    private final Map<String, Word> header = new LinkedHashMap<>();
    private final TreeMap<Integer, Word> orders = new TreeMap<>();

    ScheduleParser(String text) {
        List<String> lines = text.lines().toList();
        for (int number = 1; number <= lines.size(); number++) {
            readLine(lines.get(number - 1).replaceFirst("#.*", ""), number);
        }
    }

    Schedule schedule() {
        String name = value("name", "a name").map(Word::text).orElse("");
        int ranks = positive("ranks");
        int microbatches = positive("microbatches");
        boolean settles = settles();
        List<List<Integer>> placement = placement(ranks);
        List<List<Slot>> slots = new ArrayList<>();
        int stages = placement.isEmpty() ? 0 : placement.getFirst().size();
        List<Integer> missing = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            Word order = orders.remove(rank);
            if (order == null) {
                missing.add(rank);
            } else {
                slots.add(order(order, stages, microbatches));
            }
        }
        if (!missing.isEmpty()) {
            faults.add("there is no line 'rank N: ...' for N = " + some(missing));
        }
        if (ranks > 0) {
            orders.forEach((rank, order) -> fault(order, "there is no rank " + rank + " of " + ranks));
        }
        if (!placement.isEmpty() && microbatches % placement.size() != 0) {
            faults.add(microbatches + " micro-batches can't be divided over " + placement.size() + " directions");
        }
        if (!placement.isEmpty()) {
            PlacementRules.faults(new StageMap(placement)).forEach(fault -> fault(header.get("placement"), fault));
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", faults));
        }
        return new Schedule(name, new StageMap(placement), microbatches, slots, settles);
    }

    private void readLine(String line, int number) {
        if (line.isBlank()) {
            return;
        }
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            fault(
                    new Word(line.strip(), number, 1),
                    "a line is 'key: value' or 'rank N: actions', and not '" + line.strip() + "'");
            return;
        }
        String key = matcher.group(1);
        Word at = new Word(key, number, 1 + matcher.start(1));
        Word value = new Word(matcher.group(2), number, 1 + matcher.start(2));
        if (key.startsWith("rank ")) {
            int rank = Integer.parseInt(key.substring("rank ".length()).strip());
            once(at, orders.putIfAbsent(rank, value) == null);
        } else if (KEYS.contains(key)) {
            once(at, header.putIfAbsent(key, value) == null);
        } else {
            fault(at, "'" + key + "' is none of " + String.join(", ", KEYS) + " and 'rank N'");
        }
    }

    private void once(Word key, boolean first) {
        if (!first) {
            fault(key, "a second line '" + key.text() + "'");
        }
    }

    private Optional<Word> value(String key, String allowed) {
        Word value = header.get(key);
        if (value == null) {
            faults.add("there is no line '" + key + ": ...', with " + allowed);
            return Optional.empty();
        }
        List<Word> words = words(value);
        if (words.size() != 1) {
            fault(value, key + " is " + allowed + ", and not '" + value.text().strip() + "'");
            return Optional.empty();
        }
        return Optional.of(words.getFirst());
    }

    /** A number from 1, or 0 where there is none. */
    private int positive(String key) {
        String allowed = "a number from 1";
        Optional<Word> word = value(key, allowed);
        int number = word.map(Word::text)
                .filter(NUMBER.asMatchPredicate())
                .map(Integer::parseInt)
                .orElse(0);
        if (number == 0) {
            word.ifPresent(wrong -> fault(wrong, key + " is " + allowed + ", and not '" + wrong.text() + "'"));
        }
        return number;
    }

    private boolean settles() {
        Optional<Word> word = value("settles", "yes or no");
        word.filter(given -> !given.text().equals("yes") && !given.text().equals("no"))
                .ifPresent(wrong -> fault(wrong, "settles is yes or no, and not '" + wrong.text() + "'"));
        return word.map(Word::text).filter("yes"::equals).isPresent();
    }

    /** The rank of each stage in each direction; nothing where there is a fault. */
    private List<List<Integer>> placement(int ranks) {
        Word value = header.get("placement");
        if (value == null) {
            faults.add("there is no line 'placement: ...', with the rank of each stage");
            return List.of();
        }
        int before = faults.size();
        List<List<Integer>> directions = new ArrayList<>(List.of(new ArrayList<>()));
        for (Word word : words(value)) {
            if (word.text().equals("/")) {
                directions.add(new ArrayList<>());
            } else if (!NUMBER.matcher(word.text()).matches()
                    || (ranks > 0 && Integer.parseInt(word.text()) >= ranks)) {
                String allowed = ranks > 0 ? "0 to " + (ranks - 1) : "numbers from 0";
                fault(word, "ranks are " + allowed + ", with / between directions, and not '" + word.text() + "'");
            } else {
                directions.getLast().add(Integer.parseInt(word.text()));
            }
        }
        if (faults.size() == before) {
            checkDirections(value, directions, ranks);
        }
        return faults.size() == before ? directions : List.of();
    }

    private void checkDirections(Word at, List<List<Integer>> directions, int ranks) {
        int stages = directions.getFirst().size();
        if (stages == 0) {
            fault(at, "placement is the rank of each stage, as 0 1 2 3");
        }
        if (directions.stream().anyMatch(direction -> direction.size() != stages)) {
            fault(at, "placement has the same number of stages in each direction");
        }
        Set<Integer> placed = directions.stream().flatMap(List::stream).collect(Collectors.toSet());
        List<Integer> idle = IntStream.range(0, ranks)
                .filter(rank -> !placed.contains(rank))
                .boxed()
                .toList();
        if (!idle.isEmpty()) {
            fault(at, "there is no stage on rank " + some(idle));
        }
    }

    private List<Slot> order(Word value, int stages, int microbatches) {
        List<Slot> slots = new ArrayList<>();
        for (Word word : words(value)) {
            Matcher pair = PAIR.matcher(word.text());
            if (pair.matches()) {
                Word second = new Word(pair.group(2), word.line(), word.column() + pair.start(2));
                Optional<Action> forward =
                        action(new Word(pair.group(1), word.line(), word.column() + 1), stages, microbatches);
                Optional<Action> backward = action(second, stages, microbatches);
                if (forward.isPresent() && backward.isPresent()) {
                    addPair(slots, word, forward.get(), backward.get());
                }
            } else {
                action(word, stages, microbatches).map(Slot::of).ifPresent(slots::add);
            }
        }
        return slots;
    }

    private void addPair(List<Slot> slots, Word at, Action forward, Action backward) {
        if (forward.kind() == Kind.F && backward.kind().passesGradient()) {
            slots.add(Slot.pair(forward, backward));
        } else {
            fault(at, "a pair is F and then I or B, as (7F0;0B3), and not '" + at.text() + "'");
        }
    }

    private Optional<Action> action(Word word, int stages, int microbatches) {
        Matcher matcher = ACTION.matcher(word.text());
        if (!matcher.matches()) {
            fault(
                    word,
                    "an action is stage, F, I, W or B, and micro-batch, as 3F1, a pair is (7F0;0B3), and neither is '"
                            + word.text() + "'");
            return Optional.empty();
        }
        int stage = Integer.parseInt(matcher.group(1));
        int microbatch = Integer.parseInt(matcher.group(3));
        int before = faults.size();
        if (stages > 0 && stage >= stages) {
            fault(word, "stages are 0 to " + (stages - 1) + ", and '" + word.text() + "' names " + stage);
        }
        if (microbatches > 0 && microbatch >= microbatches) {
            fault(
                    word,
                    "micro-batches are 0 to " + (microbatches - 1) + ", and '" + word.text() + "' names " + microbatch);
        }
        return faults.size() == before
                ? Optional.of(new Action(Kind.valueOf(matcher.group(2)), stage, microbatch))
                : Optional.empty();
    }

    private static List<Word> words(Word value) {
        return WORD.matcher(value.text())
                .results()
                .map(found -> new Word(found.group(), value.line(), value.column() + found.start()))
                .toList();
    }

    private static String some(List<Integer> ranks) {
        String shown = ranks.stream().limit(MOST_NAMED).map(Object::toString).collect(Collectors.joining(", "));
        return ranks.size() > MOST_NAMED ? shown + ", ..." : shown;
    }

    private void fault(Word at, String what) {
        faults.add("line " + at.line() + ", column " + at.column() + ": " + what);
    }
}
