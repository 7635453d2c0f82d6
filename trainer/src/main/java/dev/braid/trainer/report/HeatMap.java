package dev.braid.trainer.report;

import java.util.Base64;

/**
 * The load of the experts of a layer over the steps as SVG: a row an expert, the first one on top, time from left to right. White is
 * the mean, red is more, blue is less, by powers of two up to four times and down to a quarter.
 */
final class HeatMap {
    private static final int WIDTH = 1000;
    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int TOP = 4;
    private static final int BOTTOM = 24;
    private static final int LEAST_HEIGHT = 64;
    private static final int MOST_HEIGHT = 256;
    private static final int ROW = 8;

    /** Places of the palette to both sides of the mean. */
    private static final int SHADES = 32;

    private static final double MOST_DOUBLINGS = 2;
    private static final int WHITE = 0xf7f7f7;
    private static final int RED = 0xb2182b;
    private static final int BLUE = 0x2166ac;

    private HeatMap() {}

    /** An {@code svg} element. */
    static String draw(String title, LoadGrid loads, double firstStep, double lastStep) {
        int height = Math.clamp((long) loads.experts() * ROW, LEAST_HEIGHT, MOST_HEIGHT);
        int width = WIDTH - LEFT - RIGHT;
        StringBuilder svg = new StringBuilder(4096);
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" class=\"heat\" viewBox=\"0 0 " + WIDTH + " "
                + (TOP + height + BOTTOM) + "\">\n");
        svg.append("<title>").append(Markup.escape(title)).append("</title>\n");
        svg.append("<image x=\"" + LEFT + "\" y=\"" + TOP + "\" width=\"" + width + "\" height=\"" + height
                + "\" preserveAspectRatio=\"none\" style=\"image-rendering: pixelated\" href=\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(picture(loads)) + "\"/>\n");
        svg.append("<g class=\"grid\">\n");
        label(svg, LEFT - 8, TOP + 10, "end", "0");
        label(svg, LEFT - 8, TOP + height - 2, "end", Integer.toString(loads.experts() - 1));
        for (Axis.Tick tick : Axis.steps(firstStep, lastStep, 10).ticks()) {
            double x = LEFT + (tick.value() - firstStep) / Math.max(1, lastStep - firstStep) * width;
            label(svg, x, TOP + height + 17, x > LEFT + width - 12 ? "end" : "middle", tick.label());
        }
        return svg.append("</g>\n</svg>\n").toString();
    }

    private static void label(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append("<text x=\"" + Markup.coordinate(x) + "\" y=\"" + Markup.coordinate(y) + "\" text-anchor=\"" + anchor
                + "\">" + Markup.escape(text) + "</text>\n");
    }

    private static byte[] picture(LoadGrid loads) {
        byte[] pixels = new byte[loads.experts() * loads.columns()];
        for (int expert = 0; expert < loads.experts(); expert++) {
            for (int column = 0; column < loads.columns(); column++) {
                pixels[expert * loads.columns() + column] = (byte) shade(loads.at(expert, column));
            }
        }
        return Png.of(loads.columns(), loads.experts(), pixels, palette());
    }

    /** Place in the palette of a load over the mean: {@code SHADES} for 1, 0 for a quarter or less, twice that for four times. */
    static int shade(double load) {
        double doublings = load <= 0 ? -MOST_DOUBLINGS : Math.log(load) / Math.log(2);
        return SHADES + (int) Math.round(Math.clamp(doublings / MOST_DOUBLINGS, -1.0, 1.0) * SHADES);
    }

    private static int[] palette() {
        int[] colours = new int[2 * SHADES + 1];
        for (int i = 0; i < colours.length; i++) {
            colours[i] = mixed(i < SHADES ? BLUE : RED, Math.abs(i - SHADES) / (double) SHADES);
        }
        return colours;
    }

    private static int mixed(int colour, double share) {
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double part = (WHITE >> shift & 0xff) * (1 - share) + (colour >> shift & 0xff) * share;
            mixed |= (int) Math.round(part) << shift;
        }
        return mixed;
    }
}
