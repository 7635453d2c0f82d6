package dev.braid.parallelism.control;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.KryoException;
import com.esotericsoftware.kryo.kryo5.Registration;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.util.DefaultClassResolver;

/**
 * Knows classes by the numbers under which this program has registered them, and by nothing else.
 *
 * <p>Registration alone is not enough against strangers: Kryo still looks a class up by a name that stands in the input, and
 * always accepts its own numbers of strings and boxed values, whose serializers allocate what the input asks for.
 */
final class RegisteredClasses extends DefaultClassResolver {
    /** First number of a class of ours; Kryo gives the lower ones to classes of its own. */
    static final int FIRST = 16;

    /** A Kryo without references that accepts only what is registered with it from {@link #FIRST} on. */
    static Kryo kryo() {
        Kryo kryo = new Kryo(new RegisteredClasses(), null);
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        kryo.setMaxDepth(4);
        return kryo;
    }

    @Override
    public Registration readClass(Input input) {
        Registration registration = super.readClass(input);
        if (registration == null) {
            throw new KryoException("null in place of a message");
        }
        if (registration.getId() < FIRST) {
            throw new KryoException("class number " + registration.getId() + " is not a message");
        }
        return registration;
    }

    @Override
    protected Registration readName(Input input) {
        throw new KryoException("a class name in place of a class number");
    }
}
