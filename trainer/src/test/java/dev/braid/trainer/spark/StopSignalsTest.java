package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StopSignalsTest {
    @Test
    void shouldCallWhenTheProcessIsTerminated() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (StopSignals signals = StopSignals.listen(heard::add)) {
            assertThat(signals).isNotNull();
            kill("TERM");
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("TERM");
        }
    }

    @Test
    void shouldHandASecondSignalToWhoeverListenedBefore() throws Exception {
        BlockingQueue<String> outer = new LinkedBlockingQueue<>();
        BlockingQueue<String> inner = new LinkedBlockingQueue<>();
        try (StopSignals before = StopSignals.listen(outer::add);
                StopSignals after = StopSignals.listen(inner::add)) {
            assertThat(before).isNotSameAs(after);
            kill("TERM"); // not INT, which a process that was started in the background may have to ignore
            assertThat(inner.poll(30, TimeUnit.SECONDS)).isEqualTo("TERM");
            assertThat(outer).isEmpty();
            kill("TERM");
            assertThat(outer.poll(30, TimeUnit.SECONDS)).isEqualTo("TERM");
        }
    }

    private static void kill(String signal) throws Exception {
        String self = Long.toString(ProcessHandle.current().pid());
        assertThat(new ProcessBuilder("kill", "-" + signal, self).start().waitFor())
                .isZero();
    }
}
