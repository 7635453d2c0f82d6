package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Slices of the matrix "w" [3, 5] that do not make it whole: what is told. Rank i writes file f-i. */
class CoverageTest {
    private static final Shape SHAPE = Shape.of(3, 5);
    private static final Band LEFT = new Band(0, 3);
    private static final Band RIGHT = new Band(3, 2);

    @Test
    void shouldTakeBandsInAnyOrder() throws InvalidFileException {
        Coverage coverage = Coverage.of(files(slice(RIGHT, 4, 6), slice(LEFT, 0, 9), slice(RIGHT, 0, 4)));
        List<Coverage.Columns> bands = coverage.tensors().get("w").bands();
        assertThat(bands).extracting(Coverage.Columns::band).containsExactly(LEFT, RIGHT);
        assertThat(bands.get(1).slices()).extracting(Coverage.Stored::file).containsExactly("f-2", "f-0");
    }

    @Test
    void shouldTakeNoAccountOfSlicesWithoutElements() throws InvalidFileException {
        Coverage coverage = Coverage.of(files(slice(LEFT, 0, 9), slice(new Band(1, 4), 2, 2), slice(RIGHT, 0, 6)));
        assertThat(coverage.tensors().get("w").bands()).hasSize(2);
    }

    @Test
    void shouldFindTheSliceOfAnElement() throws InvalidFileException {
        Coverage coverage =
                Coverage.of(files(slice(RIGHT, 0, 2), slice(RIGHT, 2, 5), slice(RIGHT, 5, 6), slice(LEFT, 0, 9)));
        Coverage.Columns right = coverage.tensors().get("w").bands().get(1);
        assertThat(right.since(0)).hasSize(3);
        assertThat(right.since(2)).extracting(Coverage.Stored::file).containsExactly("f-1", "f-2");
        assertThat(right.since(4)).hasSize(2);
        assertThat(right.since(6)).isEmpty();
    }

    @Test
    void shouldNameColumnsThatNobodyHas() {
        refused("tensor \"w\": no slice has columns 3 until 5", slice(LEFT, 0, 9));
        refused("tensor \"w\": no slice has columns 0 until 3", slice(RIGHT, 0, 6));
        refused("tensor \"w\": no slice has columns 1 until 3", slice(new Band(0, 1), 0, 3), slice(RIGHT, 0, 6));
        refused("tensor \"w\": no slice has columns 0 until 5", slice(LEFT, 4, 4));
    }

    @Test
    void shouldNameColumnsThatAreInTwoBands() {
        refused(
                "tensor \"w\": columns 2 until 3 are in two bands, one of columns 2 until 5 in f-1",
                slice(LEFT, 0, 9),
                slice(new Band(2, 3), 0, 9));
        refused(
                "tensor \"w\": columns 1 until 2 are in two bands, one of columns 1 until 2 in f-1",
                slice(Band.all(SHAPE), 0, 15),
                slice(new Band(1, 1), 0, 3));
    }

    @Test
    void shouldNameElementsOfABandThatNobodyHas() {
        refused(
                "tensor \"w\": no slice has elements 4 until 6 of columns 0 until 3",
                slice(LEFT, 0, 4),
                slice(LEFT, 6, 9),
                slice(RIGHT, 0, 6));
        refused(
                "tensor \"w\": no slice has elements 0 until 1 of columns 3 until 5; "
                        + "tensor \"w\": no slice has elements 5 until 6 of columns 3 until 5",
                slice(LEFT, 0, 9),
                slice(RIGHT, 1, 5));
    }

    @Test
    void shouldNameElementsOfABandThatAreThereTwice() {
        refused(
                "tensor \"w\": elements 2 until 4 of columns 0 until 3 are in two slices, one of them in f-1",
                slice(LEFT, 0, 4),
                slice(LEFT, 2, 9),
                slice(RIGHT, 0, 6));
        refused(
                "tensor \"w\": elements 0 until 15 are in two slices, one of them in f-1",
                slice(Band.all(SHAPE), 0, 15),
                slice(Band.all(SHAPE), 0, 15));
    }

    @Test
    void shouldRefuseABandOutsideOfTheTensor() {
        refused(
                "tensor \"w\": elements 0 until 3 of columns 3 until 6 in f-0 are no part of F32 [3, 5]",
                slice(new Band(3, 3), 0, 3));
        refused(
                "tensor \"w\": elements 0 until 10 of columns 0 until 3 in f-0 are no part of F32 [3, 5]",
                slice(LEFT, 0, 10));
    }

    @Test
    void shouldTellTheFaultsOfAllTensorsButNotThousands() {
        List<Slice> slices = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            slices.add(new Slice("t" + i, DType.F32, Shape.of(2), new Band(0, 2), 0, 1, 0, List.of(0)));
        }
        assertThatThrownBy(() -> Coverage.of(files(slices.toArray(new Slice[0]))))
                .hasMessageStartingWith("tensor \"t0\": no slice has elements 1 until 2; tensor \"t1\": no slice has")
                .hasMessageEndingWith("tensor \"t9\": no slice has elements 1 until 2; and 2 more of this kind");
    }

    private static Slice slice(Band band, long from, long to) {
        return new Slice("w", DType.F32, SHAPE, band, from, to, 0, from < to ? List.of(0) : List.of());
    }

    private static List<SliceFile> files(Slice... slices) {
        List<SliceFile> files = new ArrayList<>();
        Arrays.stream(slices)
                .forEach(slice -> files.add(new SliceFile("f-" + files.size(), 60, List.of(slice), List.of())));
        return files;
    }

    private static void refused(String message, Slice... slices) {
        assertThatThrownBy(() -> Coverage.of(files(slices)))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage(message);
    }
}
