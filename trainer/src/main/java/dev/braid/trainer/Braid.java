package dev.braid.trainer;

/** The {@code braid} command line. */
public final class Braid {
    private Braid() {}

    public static void main(String[] arguments) {
        System.exit(arguments.length == 0 ? 2 : 0);
    }
}
