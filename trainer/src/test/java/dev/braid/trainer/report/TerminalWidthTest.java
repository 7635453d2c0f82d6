package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TerminalWidthTest {
    @Test
    void shouldReadColumnsFromTheAnswer() {
        assertThat(TerminalWidth.columns("48 132\n")).isEqualTo(132);
        assertThat(TerminalWidth.columns("")).isZero();
        assertThat(TerminalWidth.columns("stty: not a terminal")).isZero();
        assertThat(TerminalWidth.columns("48 99999")).isZero();
    }

    @Test
    void shouldGiveANumberWithOrWithoutATerminal() {
        assertThat(TerminalWidth.measure()).isBetween(0, 9999);
    }
}
