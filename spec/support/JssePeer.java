// JssePeer.java: Java's JSSE as a peer, run from its source.
//   java JssePeer.java server KEYS.p12 TRUST.pem [client-auth]  prints its port; tells each client, sends a line back
//   java JssePeer.java client KEYS.p12 TRUST.pem                for each "PORT PROTOCOL SUITE" on stdin: a connection
// The password of KEYS.p12 is "secret".
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;

public class JssePeer {
    static SSLContext context(String keys, String trust) throws Exception {
        KeyStore own = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of(keys))) {
            own.load(in, "secret".toCharArray());
        }
        KeyManagerFactory key = KeyManagerFactory.getInstance("PKIX");
        key.init(own, "secret".toCharArray());
        KeyStore roots = KeyStore.getInstance("PKCS12");
        roots.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of(trust))) {
            for (var root : CertificateFactory.getInstance("X.509").generateCertificates(in))
                roots.setCertificateEntry("root" + roots.size(), root);
        }
        TrustManagerFactory believes = TrustManagerFactory.getInstance("PKIX");
        believes.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(key.getKeyManagers(), believes.getTrustManagers(), null);
        return context;
    }

    static String facts(SSLSocket socket) {
        SSLSession session = socket.getSession();
        String peer = "none";
        try {
            peer = session.getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException none) {
            // It showed no certificate.
        }
        return "version=" + session.getProtocol() + ";cipher=" + session.getCipherSuite() + ";alpn="
            + socket.getApplicationProtocol() + ";peer=" + peer;
    }

    static void serve(SSLContext context, boolean clientAuth) throws Exception {
        var server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 5,
            InetAddress.getLoopbackAddress());
        server.setNeedClientAuth(clientAuth);
        SSLParameters parameters = server.getSSLParameters();
        parameters.setApplicationProtocols(new String[] { "a", "b" });
        server.setSSLParameters(parameters);
        System.out.println("port " + server.getLocalPort());
        while (true) {
            try (var socket = (SSLSocket) server.accept()) {
                socket.startHandshake();
                var out = socket.getOutputStream();
                out.write((facts(socket) + "\n").getBytes());
                var in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                for (String line; (line = in.readLine()) != null;)
                    out.write((line + "\n").getBytes());
            } catch (IOException error) {
                System.out.println("error " + error.getMessage());
            }
        }
    }

    static void connect(SSLContext context, String[] words) throws Exception {
        try (var socket = (SSLSocket) context.getSocketFactory().createSocket()) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setServerNames(List.of(new SNIHostName("localhost")));
            parameters.setProtocols(new String[] { words[1] });
            parameters.setCipherSuites(new String[] { words[2] });
            parameters.setApplicationProtocols(new String[] { "x", "b" });
            socket.setSSLParameters(parameters);
            socket.connect(new InetSocketAddress("localhost", Integer.parseInt(words[0])), 10000);
            socket.setSoTimeout(10000);
            socket.startHandshake();
            socket.getOutputStream().write("from Java\n".getBytes());
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            System.out.println(facts(socket) + ";line=" + in.readLine());
        } catch (IOException error) {
            System.out.println("error " + error.getMessage());
        }
    }

    public static void main(String[] words) throws Exception {
        SSLContext context = context(words[1], words[2]);
        if (words[0].equals("server")) {
            serve(context, words.length > 3);
            return;
        }
        var in = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("ready");
        for (String line; (line = in.readLine()) != null;)
            connect(context, line.split(" "));
    }
}
