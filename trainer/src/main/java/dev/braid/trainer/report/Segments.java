package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Builds one line out of pieces with two spaces between, leaving out the less important ones where there is no room. */
final class Segments {
    private static final int BAR_LEAST = 10;
    private static final int BAR_MOST = 30;

    /** The larger {@code weight}, the longer the text stays. */
    private record Segment(String text, int weight) {}

    private final List<Segment> segments = new ArrayList<>();

    /** Adds a piece; an empty one is left out. */
    Segments add(int weight, String text) {
        if (!text.isEmpty()) {
            segments.add(new Segment(text, weight));
        }
        return this;
    }

    /** All pieces. */
    String all() {
        return String.join("  ", segments.stream().map(Segment::text).toList());
    }

    /** A bar of {@code share} (0 to 1) and the pieces that fit the display beside it. */
    String withBar(double share, Display display) {
        // The last column stays free: some terminals wrap as soon as it is written.
        int room = display.width() - 1;
        int bar = Math.clamp(display.width() / 6, BAR_LEAST, BAR_MOST);
        List<Segment> kept = fitting(room - bar - 2);
        String text = String.join("  ", kept.stream().map(Segment::text).toList());
        if (text.length() + bar + 2 > room) {
            return text.length() <= room ? text : text.substring(0, room);
        }
        return bar(share, bar, display) + "  " + text;
    }

    private List<Segment> fitting(int room) {
        List<Segment> kept = new ArrayList<>(segments);
        while (kept.size() > 1 && length(kept) > room) {
            kept.remove(
                    kept.stream().min(Comparator.comparingInt(Segment::weight)).orElseThrow());
        }
        return kept;
    }

    private static int length(List<Segment> kept) {
        return kept.stream().mapToInt(segment -> segment.text().length() + 2).sum() - 2;
    }

    private static String bar(double share, int width, Display display) {
        double held = Double.isNaN(share) ? 0 : Math.clamp(share, 0, 1);
        int done = (int) Math.floor(held * width);
        String full = (display.unicode() ? "█" : "#").repeat(done);
        String rest = (display.unicode() ? "░" : ".").repeat(width - done);
        return display.color() ? "\033[36m" + full + "\033[2m" + rest + "\033[0m" : full + rest;
    }
}
