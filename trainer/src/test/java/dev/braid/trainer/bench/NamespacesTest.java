package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NamespacesTest {
    @Test
    void shouldFindWhatADeadProcessLeftAndNothingElse() {
        long alive = ProcessHandle.current().pid();
        // No process has this id: Linux ends at 4194304.
        String listing =
                "braidnet-99999999-hub (id: 0)\nbraidnet-99999999-0\nbraidnet-" + alive + "-hub\nother\nbraidnet-x-1\n";
        assertThat(Namespaces.leftovers(listing)).containsExactly("braidnet-99999999-hub", "braidnet-99999999-0");
    }
}
