package dev.braid.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A config that holds every kind of key; tests bind it under the name {@code k.yaml}. */
record Kitchen(
        @Key("How it is called.") String name,
        @Key(value = "Guests.", byDefault = "4") int guests,
        @Key(value = "Grains of salt.", byDefault = "1") long salt,
        @Key(value = "Heat.", byDefault = "0.5") double heat,

        @Key(value = "Whether it is open.", byDefault = "true")
        boolean open,

        @Key(value = "Size of the table.", byDefault = "medium")
        Size size,

        @Key(
                value = "Drink.",
                byDefault = "tea",
                allowed = {"tea", "coffee"},
                later = "cocoa")
        String drink,

        @Key("A wish.") Optional<String> wish,
        @Key(value = "Tip.", byDefault = "1.5") Optional<Double> tip,
        @Key(value = "Shares.", byDefault = "[0.9, 0.95]") List<Double> shares,
        @Key(value = "Shelves.", byDefault = "[]") List<Shelf> shelves,
        @Key(value = "Courses by name.", byDefault = "{}") Map<String, Course> courses,
        @Key(value = "The oven.", byDefault = "{}") Oven oven,

        @Key(value = "Last word.", name = "final", byDefault = "bye")
        String last)
        implements Validated {

    @Override
    public void validate(Faults faults) {
        if (oven.degrees() / guests > 1000) {
            faults.add("oven.degrees", "is too hot for " + guests + " guests", "invite more");
        }
        if (shelves.size() > 1 && shelves.get(1).boards() == 0) {
            faults.add("shelves.1.boards", "is 0, must be at least 1", "");
        }
    }

    enum Size {
        SMALL,
        MEDIUM,
        VERY_LARGE
    }

    record Shelf(
            @Key("Boards.") int boards,
            @Key(value = "Wood.", byDefault = "oak") String wood) {}

    record Oven(
            @Key(value = "Temperature.", byDefault = "180") int degrees,

            @Key(value = "Light in it.", byDefault = "{watts: 15}")
            Optional<Light> light)
            implements Validated {
        @Override
        public void validate(Faults faults) {
            if (degrees < 1) {
                faults.add("degrees", "is " + degrees + ", must be at least 1", "180 is usual");
            }
        }
    }

    record Light(@Key("Watts.") int watts) {
        Light {
            if (watts > 100) {
                throw new IllegalArgumentException("a light of " + watts + " watts would melt");
            }
        }
    }

    sealed interface Course permits Soup, Cake {}

    @Choice("soup")
    record Soup(@Key(value = "Spoons.", byDefault = "1") int spoons) implements Course {}

    @Choice("cake")
    record Cake(
            @Key("Candles.") int candles,
            @Key(value = "Sugar.", byDefault = "0.1") double sugar) implements Course {}

    private static final ConfigReader<Kitchen> READER = ConfigReader.of(Kitchen.class);

    static Kitchen read(String yaml, String... overrides) {
        return READER.parse("k.yaml", yaml, List.of(overrides));
    }

    /** The faults, one string each; none is a failure of the test. */
    static List<String> faults(String yaml, String... overrides) {
        try {
            Kitchen read = read(yaml, overrides);
            throw new AssertionError("no fault, but " + read);
        } catch (ConfigException e) {
            return e.faults().stream().map(Fault::toString).toList();
        }
    }
}
