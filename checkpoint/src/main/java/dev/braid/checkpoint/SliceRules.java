package dev.braid.checkpoint;

/** What holds for every slice by itself: it is inside of its tensor and of its file. */
final class SliceRules {
    private SliceRules() {}

    /** Adds what is wrong with {@code slice} of {@code file} to {@code faults}. */
    static void check(SliceFile file, Slice slice, Faults faults) {
        if (!slice.part().inside(slice.shape())) {
            faults.add(
                    slice.tensor(),
                    slice.part().describe(slice.shape()) + " in " + file.name() + " are no part of " + slice.dtype()
                            + " " + slice.shape());
        } else if (slice.offset() < 0 || slice.offset() > file.bytes() - slice.bytes()) {
            faults.add(
                    slice.tensor(),
                    "its " + slice.bytes() + " bytes at " + slice.offset() + " are not inside " + file.name() + " of "
                            + file.bytes() + " bytes");
        } else if (slice.checksums().size() != Checksums.count(slice.bytes())) {
            faults.add(
                    slice.tensor(),
                    "its " + slice.bytes() + " bytes in " + file.name() + " must have "
                            + Checksums.count(slice.bytes()) + " checksums, not "
                            + slice.checksums().size());
        }
    }
}
